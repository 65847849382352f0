"""The end of the report: a paragraph for a methods section, citations, and the configuration of the run."""

from typing import Any, Final, TypedDict

import yaml
from anndata import AnnData

from spatialcore.annotation.base_settings import Settings
from spatialcore.annotation.calls.level_columns import TREE_KEY
from spatialcore.annotation.model.reference_fit import MIN_CELLS
from spatialcore.plotting.manifest import held_out_scores, manifest_table, manifest_value, model_card

CELLTYPIST: Final = (
    "Domínguez Conde C, et al. Cross-tissue immune cell analysis reveals tissue-specific features in humans. "
    "Science 376, eabl5197 (2022)."
)
CELL_ONTOLOGY: Final = (
    "Diehl AD, et al. The Cell Ontology 2016: enhanced content, modularization, and ontology interoperability. "
    "J Biomed Semantics 7, 44 (2016)."
)
ANNDATA: Final = "Virshup I, et al. anndata: Access and store annotated data matrices. JOSS 9, 4371 (2024)."
_CITED_AS: Final = {
    "Domínguez Conde et al. 2022": CELLTYPIST,
    "Diehl et al. 2016": CELL_ONTOLOGY,
    "Virshup et al. 2024": ANNDATA,
}
_CONFIDENCE: Final = {
    "calibrated": "calibrated confidence",
    "zscore": "confidence (sigmoid of the z-score of the best decision score; not calibrated)",
    "softmax": "confidence (softmax of the decision scores; not calibrated)",
    "minmax": "confidence (min-max scaled decision score; not calibrated)",
    "raw": "confidence (probability of the classifier; not calibrated)",
}


class Methods(TypedDict):
    """A paragraph for a methods section and the works to cite."""

    paragraph: str
    citations: tuple[str, ...]


def methods_text(adata: AnnData, threshold: float) -> Methods:
    """Return a paragraph for a methods section and the works to cite. It states only what the run manifest records.

    Parameters
    ----------
    adata
        Annotated data with their run manifest.
    threshold
        Minimum confidence of a call.
    """
    sentences = [_references(adata), _ontology(adata), _balance(adata), _training(adata), _held_out(adata)]
    sentences += [
        _resolution(adata),
        _query_evidence(adata),
        _calls(adata, threshold),
        _purified(adata),
        _software(adata),
    ]
    paragraph = " ".join(text for text in sentences if text)
    return {"paragraph": paragraph, "citations": tuple(work for name, work in _CITED_AS.items() if name in paragraph)}


def _setting(adata: AnnData, name: str) -> Any:
    return (manifest_value(adata, "config_json") or {}).get(name)


def _references(adata: AnnData) -> str:
    references = manifest_value(adata, "references_json") or []
    if not references:
        return ""
    cells = sum(item.get("n_kept", 0) for item in references)
    names = ", ".join(str(item.get("source", "")) for item in references)
    is_one = len(references) == 1
    simulated = [str(item.get("source", "")) for item in references if item.get("profiles")]
    profiles = (
        f" The cells of {', '.join(simulated)} were drawn around mean profiles (gamma-Poisson)." if simulated else ""
    )
    bridged = [str(item.get("source", "")) for item in references if item.get("orthologs")]
    orthologs = f" Genes of {', '.join(bridged)} were matched by one-to-one orthologs (Ensembl 105)." if bridged else ""
    return (
        f"Cell types were assigned with a classifier trained for this panel on {'a' if is_one else len(references)} "
        f"labelled single-cell reference{'' if is_one else 's'} ({names}; {cells:,} cells), restricted to the genes of "
        f"the panel.{profiles}{orthologs}"
    )


def _ontology(adata: AnnData) -> str:
    mapping = manifest_table(adata, "label_mapping_json")
    if mapping.empty:
        return ""
    unmapped = int((mapping["match_tier"] == "unmapped").sum())
    unchanged = f"; {unmapped} of {len(mapping)} labels without a term were used unchanged" if unmapped else ""
    return f"Labels were mapped to the Cell Ontology (Diehl et al. 2016){unchanged}."


def _balance(adata: AnnData) -> str:
    composition = manifest_table(adata, "reference_composition_json")
    if composition.empty:
        return ""
    if _setting(adata, "target_proportions"):
        return "Training cells were drawn in given proportions of the types."
    largest = _setting(adata, "max_cells_per_type")
    at_most = f"At most {int(largest):,} cells of each type were drawn" if largest else "Training cells were drawn"
    if composition["source"].nunique() < 2:
        return f"{at_most}."
    how = "in equal numbers from" if _setting(adata, "balance_strategy") == "equal" else "in proportion to the size of"
    return f"{at_most}, {how} the references."


def _training(adata: AnnData) -> str:
    training = model_card(adata).get("training") or {}
    trainers = {
        "logistic": "A class-balanced multinomial logistic regression in the CellTypist format",
        "celltypist": "A CellTypist model",
    }
    if training.get("trainer") not in trainers:
        return ""
    return (
        f"{trainers[training['trainer']]} (Domínguez Conde et al. 2022) was fitted on {training['n_cells']:,} cells, "
        f"{training['n_genes']} genes and {training['n_classes']} classes{_platform(adata)}."
    )


def _platform(adata: AnnData) -> str:
    platform = model_card(adata).get("platform") or {}
    if platform.get("matched_to") == "depths":
        return " after matching the reference to given counts per cell"
    if platform.get("matched_to") != "query":
        return ""
    return (
        f" after matching the reference to the depth (median {platform['median_depth']:.0f} counts), the gene "
        f"efficiencies and the background ({100 * platform['ambient_share']:.0f} %) of the spatial data"
    )


def _held_out(adata: AnnData) -> str:
    scores = held_out_scores(adata)
    if not scores:
        return ""
    return (
        f"On held-out reference cells of any confidence, it reached an accuracy of {scores['accuracy']:.3f} "
        f"and a macro-F1 of {scores['macro_f1']:.3f}."
    )


def _resolution(adata: AnnData) -> str:
    is_auto = "auto" in (manifest_value(adata, "resolution"), _setting(adata, "resolution"))
    if not is_auto or not manifest_value(adata, TREE_KEY):
        return ""
    return "Each cell was called the finest Cell Ontology term whose confidence reached the threshold."


def _query_evidence(adata: AnnData) -> str:
    """Return what, besides the scores of a cell, its confidence depends on."""
    if manifest_value(adata, "confidence_transform") != "calibrated":
        return ""
    parts = []
    fit = manifest_value(adata, "reference_fit_json") or {}
    if _setting(adata, "detect_unseen") and fit.get("n_cells", 0) >= MIN_CELLS:
        parts.append("how well the clusters of the sample match the class profiles")
    spill_over = _detected_spill_over(adata)
    if spill_over:
        parts.append(f"spill-over between neighbouring cells ({100 * spill_over['foreign_share']:.1f} % of the counts)")
    return f"The confidence takes into account {' and '.join(parts)}." if parts else ""


def _purified(adata: AnnData) -> str:
    if not (_detected_spill_over(adata) and manifest_value(adata, "purified_layer")):
        return ""
    return "Calls were made on the measured counts; an additional layer lacks the counts of neighbouring cells."


def _detected_spill_over(adata: AnnData) -> dict[str, Any]:
    """Return the estimate of spill-over; empty if none was detected."""
    estimate: dict[str, Any] = manifest_value(adata, "spill_over_json") or {}
    return estimate if estimate.get("detected") else {}


def _calls(adata: AnnData, threshold: float) -> str:
    confidence = _CONFIDENCE.get(str(manifest_value(adata, "confidence_transform")), "confidence")
    if threshold <= 0:
        return f"Calls were reported with their {confidence}; none was removed."
    return f"Calls with a {confidence} below {threshold:g} were set to unassigned."


def _software(adata: AnnData) -> str:
    versions = manifest_value(adata, "versions_json") or {}
    names = [f"{name} {versions[name]}" for name in ("spatialcore-celltyping", "anndata") if versions.get(name)]
    cited = " (Virshup et al. 2024)" if versions.get("anndata") else ""
    return f"Analyses used {' with '.join(names)}{cited}." if names else ""


def configuration_yaml(adata: AnnData, config: Settings | None) -> str:
    """Return the configuration of the run as YAML: ``config``, or else that in the run manifest; empty without both."""
    if config is not None:
        return config.to_yaml()
    settings = manifest_value(adata, "config_json")
    return yaml.safe_dump(settings, sort_keys=False) if settings else ""
