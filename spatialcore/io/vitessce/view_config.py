"""Vitessce's view configuration: map by type, map by confidence, map by gene, and what is counted from them."""

from collections.abc import Mapping, Sequence
from typing import Any

from spatialcore.columns import CELL_TYPE, CONFIDENCE, PREDICTED

SCHEMA_VERSION = "1.0.17"
DATA = "data.zarr"
EMBEDDING = "map"
TYPES, GUESSES = "Cell type", "Best guess"
# of features called "gene" Vitessce asks a server of its makers for descriptions, and waits for the answer
GENE = "panel gene"


def view_config(
    name: str,
    description: str,
    *,
    colors: Mapping[str, str],
    types: Sequence[str],
    genes: Sequence[str],
    columns: Sequence[str],
) -> dict[str, Any]:
    """Return the configuration as plain values.

    Parameters
    ----------
    name, description
        Shown above the views.
    colors
        Cell type -> #rrggbb.
    types
        The cell types that are there, as they are to be listed.
    genes
        The features of the matrix, the first of which is shown; none leaves the gene views out.
    columns
        The columns of obs that were written.
    """
    confident, expressed = CONFIDENCE in columns, bool(genes)
    sets = [(TYPES, CELL_TYPE), *([(GUESSES, PREDICTED)] if PREDICTED in columns else [])]
    return {
        "version": SCHEMA_VERSION,
        "name": name,
        "description": description,
        "datasets": [{"uid": "cells", "name": name, "files": _files(sets, confident, expressed)}],
        "coordinationSpace": _space(colors, types, genes),
        "layout": _layout(confident, expressed),
        "initStrategy": "auto",
    }


def _files(sets: list[tuple[str, str]], confident: bool, expressed: bool) -> list[dict[str, Any]]:
    options: dict[str, Any] = {
        "obsEmbedding": [{"path": f"obsm/{EMBEDDING}", "dims": [0, 1], "embeddingType": EMBEDDING}],
        "obsSets": [{"name": name, "path": f"obs/{column}"} for name, column in sets],
    }
    values = {"obsType": "cell", "featureType": GENE, "featureValueType": "expression"}
    if expressed:
        options["obsFeatureMatrix"] = {"path": "X"}
    files: list[dict[str, Any]] = [
        {"fileType": "anndata.zarr", "url": DATA, "options": options, "coordinationValues": values}
    ]
    if confident:
        score = {"obsType": "cell", "featureType": "score", "featureValueType": "confidence"}
        files.append(
            {
                "fileType": "obsFeatureColumns.anndata.zarr",
                "url": DATA,
                "options": {"obsFeatureColumns": [{"path": f"obs/{CONFIDENCE}"}]},
                "coordinationValues": score,
            }
        )
    return files


def _space(colors: Mapping[str, str], types: Sequence[str], genes: Sequence[str]) -> dict[str, Any]:
    return {
        "dataset": {"cells": "cells"},
        "obsType": {"cell": "cell"},
        "embeddingType": {EMBEDDING: EMBEDDING},
        "embeddingZoom": {"shared": None},
        "embeddingTargetX": {"shared": None},
        "embeddingTargetY": {"shared": None},
        "obsSetExpansion": {"types": [[TYPES]]},
        "obsSetSelection": {"types": [[TYPES, name] for name in types]},
        "obsSetColor": {"types": [{"path": [TYPES, name], "color": _rgb(colors[name])} for name in types]},
        "obsColorEncoding": {"types": "cellSetSelection", "confidence": "geneSelection", "gene": "geneSelection"},
        "featureType": {"types": GENE, "confidence": "score", "gene": GENE},
        "featureValueType": {"types": "expression", "confidence": "confidence", "gene": "expression"},
        "featureSelection": {"confidence": [CONFIDENCE], "gene": list(genes[:1])},
        "featureValueColormap": {"confidence": "viridis", "gene": "plasma"},
        "featureValueColormapRange": {"confidence": [0.0, 1.0], "gene": [0.0, 1.0]},
    }


def _layout(confident: bool, expressed: bool) -> list[dict[str, Any]]:
    """Return the views on Vitessce's grid of twelve columns: maps above, what is counted below, lists at the right."""
    shown = ["types", *(["confidence"] if confident else []), *(["gene"] if expressed else [])]
    width = 9 // len(shown)
    maps = [
        _view("scatterplot", (width * i, 0, width, 8), what, mapping=True) | {"props": {"title": TITLES[what]}}
        for i, what in enumerate(shown)
    ]
    sets = [_view("obsSets", (9, 0, 3, 7 if expressed else 12), "types")]
    genes = [_view("featureList", (9, 7, 3, 5), "gene")] if expressed else []
    counted = [_view("obsSetSizes", (0, 8, 4 if confident else 9, 4), "types")]
    if confident:
        counted += [_view("obsSetFeatureValueDistribution", (4, 8, 5, 4), "confidence")]
    return [*maps, *sets, *genes, *counted]


TITLES = {"types": "Cell types", "confidence": "Confidence", "gene": "Expression"}


def _view(component: str, at: tuple[int, int, int, int], what: str, *, mapping: bool = False) -> dict[str, Any]:
    scopes: dict[str, str] = {"dataset": "cells", "obsType": "cell"}
    scopes |= dict.fromkeys(("obsSetSelection", "obsSetColor", "obsSetExpansion"), "types")
    if mapping:
        scopes |= {"embeddingType": EMBEDDING, "obsColorEncoding": what}
        scopes |= dict.fromkeys(("embeddingZoom", "embeddingTargetX", "embeddingTargetY"), "shared")
    scopes |= {"featureType": what, "featureValueType": what}
    if what != "types":
        shown = ("featureSelection", "featureValueColormap", "featureValueColormapRange")
        scopes |= dict.fromkeys(shown, what)
    x, y, w, h = at
    return {"component": component, "coordinationScopes": scopes, "x": x, "y": y, "w": w, "h": h}


def _rgb(color: str) -> list[int]:
    return [int(color[start : start + 2], 16) for start in (1, 3, 5)]
