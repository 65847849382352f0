"""The end of the report: a paragraph for a methods section, citations, and the configuration of the run."""

from typing import TypedDict

import yaml
from anndata import AnnData

from spatialcore.annotation.config import Settings
from spatialcore.plotting.manifest import held_out_scores, manifest_value, model_card

CITATIONS = (
    "Domínguez Conde C, et al. Cross-tissue immune cell analysis reveals tissue-specific features in humans. "
    "Science 376, eabl5197 (2022).",
    "Diehl AD, et al. The Cell Ontology 2016: enhanced content, modularization, and ontology interoperability. "
    "J Biomed Semantics 7, 44 (2016).",
    "Virshup I, et al. anndata: Access and store annotated data matrices. JOSS 9, 4371 (2024).",
)


class Methods(TypedDict):
    """A paragraph for a methods section and the works to cite."""

    paragraph: str
    citations: tuple[str, ...]


def methods_text(adata: AnnData, threshold: float) -> Methods:
    """Return a paragraph for a methods section and the works to cite.

    Parameters
    ----------
    adata
        Annotated data with their run manifest.
    threshold
        Minimum confidence of a call.
    """
    sentences = [_references(adata), _training(adata), _calls(adata, threshold)]
    return {"paragraph": " ".join(text for text in sentences if text), "citations": CITATIONS}


def _references(adata: AnnData) -> str:
    references = manifest_value(adata, "references_json") or []
    if not references:
        return ""
    cells = sum(item.get("n_kept", 0) for item in references)
    names = ", ".join(str(item.get("source", "")) for item in references)
    is_one = len(references) == 1
    return (
        f"Cell types were assigned with a classifier trained for this panel on {'a' if is_one else len(references)} "
        f"labelled single-cell reference{'' if is_one else 's'} ({names}; {cells:,} cells), restricted to the genes of "
        "the panel. "
        "Labels were mapped to the Cell Ontology (Diehl et al. 2016), and cells were balanced across types and sources."
    )


def _training(adata: AnnData) -> str:
    training = model_card(adata).get("training") or {}
    if training.get("trainer") != "logistic":
        return ""
    platform, scores = model_card(adata).get("platform") or {}, held_out_scores(adata)
    matched = (
        f" after matching the reference to the depth (median {platform['median_depth']:.0f} counts), the gene "
        f"efficiencies and the background ({100 * platform['ambient_share']:.0f} %) of the spatial data"
        if platform.get("matched_to") == "query"
        else ""
    )
    return (
        f"A class-balanced multinomial logistic regression in the CellTypist format (Domínguez Conde et al. 2022) was "
        f"fitted on {training['n_cells']:,} cells, {training['n_genes']} genes and {training['n_classes']} classes"
        f"{matched}. On held-out reference cells it reached an accuracy of {scores['accuracy']:.3f} and a macro-F1 of "
        f"{scores['macro_f1']:.3f}."
        if scores
        else ""
    )


def _calls(adata: AnnData, threshold: float) -> str:
    versions = manifest_value(adata, "versions_json") or {}
    calibrated = manifest_value(adata, "confidence_transform") == "calibrated"
    confidence = "calibrated confidence" if calibrated else "confidence"
    version = versions.get("spatialcore-celltyping", "")
    return (
        f"Calls with a {confidence} below {threshold:g} were set to unassigned. "
        f"Analyses used spatialcore-celltyping {version} with anndata {versions.get('anndata', '')} "
        "(Virshup et al. 2024)."
    )


def configuration_yaml(adata: AnnData, config: Settings | None) -> str:
    """Return the configuration of the run as YAML: ``config``, or else that in the run manifest; empty without both."""
    if config is not None:
        return config.to_yaml()
    settings = manifest_value(adata, "config_json")
    return yaml.safe_dump(settings, sort_keys=False) if settings else ""
