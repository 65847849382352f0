"""Vitessce view configuration: maps of cell types, confidence and genes, with counts and distributions."""

from collections.abc import Mapping, Sequence

from spatialcore.columns import CELL_TYPE, CONFIDENCE, LEVELS, PREDICTED
from spatialcore.core.types import Json

SCHEMA_VERSION = "1.0.17"
DATA = "data.zarr"
EMBEDDING = "map"
TYPES, GUESSES = "Cell type", "Best guess"
# for features called "gene" Vitessce queries an external server for descriptions, and waits for the answer
GENE = "panel gene"


def view_config(
    name: str,
    description: str,
    *,
    colors: Mapping[str, str],
    types: Sequence[str],
    genes: Sequence[str],
    columns: Sequence[str],
) -> dict[str, Json]:
    """Return the view configuration as JSON-like values.

    Parameters
    ----------
    name, description
        Title and subtitle of the page.
    colors
        Cell type -> #rrggbb.
    types
        Cell types in the data, in the order of the list.
    genes
        Features of the matrix; the first is selected. Without features there are no gene views.
    columns
        Columns of obs in the data.

    Returns
    -------
    dict
        Content of ``vitessce.json``.
    """
    confident, expressed = CONFIDENCE in columns, bool(genes)
    levels = {f"Level {i}": name for i, name in enumerate(LEVELS, start=1)}
    candidates = {TYPES: CELL_TYPE, GUESSES: PREDICTED, **levels}
    sets = [(name, column) for name, column in candidates.items() if column in columns]
    return {
        "version": SCHEMA_VERSION,
        "name": name,
        "description": description,
        "datasets": [{"uid": "cells", "name": name, "files": _files(sets, confident, expressed)}],
        "coordinationSpace": _space(colors, types, genes),
        "layout": _layout(confident, expressed),
        "initStrategy": "auto",
    }


def _files(sets: list[tuple[str, str]], confident: bool, expressed: bool) -> list[dict[str, Json]]:
    options: dict[str, Json] = {
        "obsEmbedding": [{"path": f"obsm/{EMBEDDING}", "dims": [0, 1], "embeddingType": EMBEDDING}],
        "obsSets": [{"name": name, "path": f"obs/{column}"} for name, column in sets],
    }
    values = {"obsType": "cell", "featureType": GENE, "featureValueType": "expression"}
    if expressed:
        options["obsFeatureMatrix"] = {"path": "X"}
    files: list[dict[str, Json]] = [
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


def _space(colors: Mapping[str, str], types: Sequence[str], genes: Sequence[str]) -> dict[str, Json]:
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


def _layout(confident: bool, expressed: bool) -> list[dict[str, Json]]:
    """Return the views on a grid of twelve columns: maps above, counts below, lists on the right."""
    displayed = ["types", *(["confidence"] if confident else []), *(["gene"] if expressed else [])]
    width = 9 // len(displayed)
    maps = [
        _view("scatterplot", (width * i, 0, width, 8), value, mapping=True) | {"props": {"title": TITLES[value]}}
        for i, value in enumerate(displayed)
    ]
    sets = [_view("obsSets", (9, 0, 3, 7 if expressed else 12), "types")]
    genes = [_view("featureList", (9, 7, 3, 5), "gene")] if expressed else []
    counts = [_view("obsSetSizes", (0, 8, 4 if confident else 9, 4), "types")]
    if confident:
        counts += [_view("obsSetFeatureValueDistribution", (4, 8, 5, 4), "confidence")]
    return [*maps, *sets, *genes, *counts]


TITLES = {"types": "Cell types", "confidence": "Confidence", "gene": "Expression"}


def _view(component: str, position: tuple[int, int, int, int], value: str, *, mapping: bool = False) -> dict[str, Json]:
    scopes: dict[str, str] = {"dataset": "cells", "obsType": "cell"}
    scopes |= dict.fromkeys(("obsSetSelection", "obsSetColor", "obsSetExpansion"), "types")
    if mapping:
        scopes |= {"embeddingType": EMBEDDING, "obsColorEncoding": value}
        scopes |= dict.fromkeys(("embeddingZoom", "embeddingTargetX", "embeddingTargetY"), "shared")
    scopes |= {"featureType": value, "featureValueType": value}
    if value != "types":
        features = ("featureSelection", "featureValueColormap", "featureValueColormapRange")
        scopes |= dict.fromkeys(features, value)
    x, y, w, h = position
    return {"component": component, "coordinationScopes": scopes, "x": x, "y": y, "w": w, "h": h}


def _rgb(color: str) -> list[int]:
    return [int(color[start : start + 2], 16) for start in (1, 3, 5)]
