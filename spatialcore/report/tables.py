"""The tables of the report as lists of rows."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.base_settings import Settings
from spatialcore.annotation.calls.level_columns import class_tree
from spatialcore.annotation.unknown.groups import unknown_groups
from spatialcore.core.categories import as_texts
from spatialcore.core.entries import mapping_in
from spatialcore.errors import ANNOTATE_FIRST, InputError
from spatialcore.plotting.figures.composition import REASONS, composition_table
from spatialcore.plotting.figures.levels import level_table
from spatialcore.plotting.groups import type_colors
from spatialcore.plotting.manifest import held_out_scores, manifest_table, manifest_value, model_card, records

Rows = list[dict[str, Any]]
_MATCHED_TO = {"query": "depth, gene efficiencies and background of the query", "depths": "given counts per cell"}
DEFAULT_THRESHOLD = 0.8
_ADVICE = {
    columns.REASON_LOW_CONFIDENCE: (
        "A type that the references lack: add a reference with it. Similar types: set resolution: auto, or use a "
        "coarser level. Few counts: lower the threshold, at the cost of more wrong calls."
    ),
    columns.REASON_MIXED: (
        "Counts of neighbours, or two cells in one outline: see second_type; try another segmentation."
    ),
    columns.REASON_NO_COUNTS: "No gene of the model was detected: check the segmentation and the panel.",
    columns.REASON_LOW_COUNT_TYPE: "The type has fewer cells in the sample than the minimum that was set.",
}
_ORIGIN = {
    "source": "from",
    "synapse_version": "version",
    "license": "licence",
    "census_build": "Census",
    "dataset_schema_version": "schema",
    "retrieved": "retrieved",
}


def require_calls(adata: AnnData) -> None:
    """Raise `InputError` if the data have no calls."""
    missing = [name for name in (columns.CELL_TYPE, columns.CONFIDENCE) if name not in adata.obs]
    if missing:
        raise InputError(f"obs lacks {' and '.join(missing)}", hint=ANNOTATE_FIRST)


def with_model_card(adata: AnnData, model_path: Path) -> AnnData:
    """Return the data with the model card of a .pkl in their run manifest, unless they have one."""
    if model_card(adata):
        return adata
    from spatialcore.annotation.model.artifact import load_model

    card = {key: value for key, value in load_model(model_path).metadata.items() if key != "genes"}
    annotated = adata.copy()
    annotated.uns[columns.MANIFEST] = {
        **mapping_in(annotated.uns, columns.MANIFEST),
        "model_card_json": json.dumps(card, default=float),
    }
    return annotated


def threshold_of(adata: AnnData, config: Settings | None) -> float:
    """Return the confidence threshold: of ``config``, else of the run manifest, else 0.8."""
    threshold = getattr(config, "confidence_threshold", None)
    settings = manifest_value(adata, "config_json") or {}
    return float(threshold if threshold is not None else settings.get("confidence_threshold", DEFAULT_THRESHOLD))


def references(adata: AnnData) -> Rows:
    """Return one row per reference: source, URI, checksum, cells read and used, genes, origin."""
    return [
        {
            "source": item.get("source", ""),
            "uri": item.get("uri", ""),
            "sha256": item.get("sha256", ""),
            "n_cells": item.get("n_cells", 0),
            "n_kept": item.get("n_kept", 0),
            "genes": f"{item.get('genes_kept', 0)} of {item.get('genes_wanted', 0)}",
            "counts": (item.get("counts") or {}).get("kind", ""),
            "about": _origin(item),
        }
        for item in manifest_value(adata, "references_json") or []
    ]


def _origin(item: dict[str, Any]) -> str:
    """Return what is to be cited: data sets with their collections, licence, release and date of retrieval."""
    origin = item.get("origin") or {}
    parts = [_citation(dataset) for dataset in origin.get("datasets") or []]
    parts += [_profiles(item), _orthologs(item)]
    parts += [f"{label}: {origin[name]}" for name, label in _ORIGIN.items() if origin.get(name)]
    return "; ".join(part for part in parts if part)


def _profiles(item: dict[str, Any]) -> str:
    """Return how a reference that is profiles became cells."""
    profiles = item.get("profiles") or {}
    return (
        f"cell type profiles; cells drawn around them (gamma-Poisson, dispersion {profiles['dispersion']:g})"
        if profiles
        else ""
    )


def _orthologs(item: dict[str, Any]) -> str:
    """Return by what a reference of another species was matched."""
    used = item.get("orthologs") or {}
    share = (
        f", {used['panel_genes_with_ortholog']} of {used['panel_genes']} panel genes" if "panel_genes" in used else ""
    )
    return f"{used['from']} genes as their one-to-one orthologs in {used['to']}{share}" if used else ""


def _citation(dataset: dict[str, str]) -> str:
    names = ("dataset_title", "collection_name", "citation", "collection_doi", "dataset_id")
    return ", ".join(dict.fromkeys(dataset[name] for name in names if dataset.get(name)))


def dropped(adata: AnnData) -> Rows:
    """Return the excluded labels and cells of the references with the reasons."""
    return [
        {"source": item.get("source", ""), **part}
        for item in manifest_value(adata, "references_json") or []
        for part in item.get("dropped", [])
    ]


def label_mapping(adata: AnnData) -> Rows:
    """Return the reference labels with their Cell Ontology terms."""
    return records(manifest_table(adata, "label_mapping_json"))


def types(adata: AnnData, threshold: float, validation: pd.DataFrame) -> Rows:
    """Return one row per cell type: cells, median confidence, held-out F1, AUC of its markers."""
    predicted, colors = as_texts(adata.obs[columns.PREDICTED]), type_colors(adata, columns.CELL_TYPE)
    f1, ids = held_out_scores(adata).get("f1") or {}, model_card(adata).get("ontology_ids") or {}
    tree = class_tree(adata)
    if tree is not None:
        ids = dict(zip(tree.names, tree.ids, strict=True)) | ids
    auc = dict(zip(validation["cell_type"], validation["auc"], strict=True)) if not validation.empty else {}
    called = as_texts(adata.obs[columns.CELL_TYPE])
    by_call = adata.obs[columns.CONFIDENCE].groupby(called, observed=True).median()
    confidence = dict(by_call) | dict(adata.obs[columns.CONFIDENCE].groupby(predicted, observed=True).median())
    table, n_predicted = composition_table(adata), predicted.value_counts()
    return [
        {
            "name": row["cell_type"],
            "color": colors.get(row["cell_type"], "#808080"),
            "id": ids.get(row["cell_type"], ""),
            "n_cells": int(row["n_cells"]),
            "share": float(row["share"]),
            "n_predicted": int(n_predicted.get(row["cell_type"], 0)),
            "confidence": confidence.get(row["cell_type"]),
            "f1": f1.get(row["cell_type"]),
            "auc": auc.get(row["cell_type"]),
        }
        for row in records(table[table["reason"] == ""])
    ]


def levels(adata: AnnData) -> Rows:
    """Return one row a level: types called, share of the cells called, and mean confidence of the calls."""
    table = level_table(adata)
    parts = {level: table[table["level"] == level] for level in dict.fromkeys(sorted(table["level"].tolist()))}
    return [
        {
            "level": level,
            "n_types": len(part),
            "share": int(part["n_cells"].sum()) / max(1, adata.n_obs),
            "confidence": float((part["confidence"] * part["n_cells"]).sum() / part["n_cells"].sum()),
        }
        for level, part in parts.items()
    ]


def evidence(adata: AnnData) -> Rows:
    """Return the genes for and against the calls of each type: one row per type, most cells first."""
    table = manifest_table(adata, "gene_evidence_json")
    if table.empty:
        return []
    colors, sizes = type_colors(adata, columns.PREDICTED), as_texts(adata.obs[columns.PREDICTED]).value_counts()
    names = sorted(table["cell_type"].unique(), key=lambda name: (-int(sizes.get(name, 0)), name))
    by_type = dict(list(table.groupby("cell_type")))
    return [
        {
            "name": name,
            "color": colors.get(name, "#808080"),
            "runner_up": by_type[name]["runner_up"].iloc[0],
            "genes": {role: records(part) for role, part in by_type[name].groupby("role")},
        }
        for name in names
    ]


def unassigned(adata: AnnData) -> Rows:
    """Return the number of cells without a call by reason, with causes and what to do about it."""
    table = composition_table(adata)
    advice = {REASONS[reason]: text for reason, text in _ADVICE.items()}
    return [row | {"advice": advice.get(row["reason"], "")} for row in records(table[table["reason"] != ""])]


def unknown(adata: AnnData) -> Rows:
    """Return the groups among the cells without a class, the largest first."""
    return records(unknown_groups(adata))


def have_positions(groups: Rows) -> bool:
    """Return whether a group has a position; none has one without coordinates."""
    return any(pd.notna(row["radius"]) for row in groups)


def have_unseen_scores(groups: Rows) -> bool:
    """Return whether a group has an unseen score; none has one in results of earlier versions."""
    return any(pd.notna(row["unseen_score"]) for row in groups)


def card(adata: AnnData) -> Rows:
    """Return the model card as names and values."""
    content, scores = model_card(adata), held_out_scores(adata)
    training, platform = content.get("training") or {}, content.get("platform") or {}
    rows = [
        ("Name", content.get("name")),
        ("Trainer", training.get("trainer")),
        ("Training cells", training.get("n_cells")),
        ("Classes", training.get("n_classes")),
        ("Genes", training.get("n_genes")),
        ("Species", manifest_value(adata, "species")),
        ("Reference matched to", _MATCHED_TO.get(str(platform.get("matched_to")))),
        ("Median counts of the query", _rounded(platform.get("median_depth"), 0)),
        ("Background share", _rounded(platform.get("ambient_share"), 2)),
        ("Accuracy on held-out cells, with or without a call", _rounded(scores.get("accuracy"), 3)),
        ("Macro-F1 on held-out cells, with or without a call", _rounded(scores.get("macro_f1"), 3)),
        ("Model file", manifest_value(adata, "model_path")),
        ("sha256", manifest_value(adata, "model_sha256")),
    ]
    return [{"name": name, "value": value} for name, value in rows if value not in (None, "")]


def versions(adata: AnnData) -> Rows:
    """Return the versions of Python and the libraries."""
    return [{"name": name, "value": value} for name, value in (manifest_value(adata, "versions_json") or {}).items()]


def _rounded(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{float(value):.{digits}f}"
