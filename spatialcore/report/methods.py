"""A paragraph for the methods section, with the run's numbers and what is to be cited."""

from typing import Any

from anndata import AnnData

from spatialcore.plotting.recorded import held_out, model_card, recorded

CITATIONS = (
    "Domínguez Conde C, et al. Cross-tissue immune cell analysis reveals tissue-specific features in humans. "
    "Science 376, eabl5197 (2022).",
    "Diehl AD, et al. The Cell Ontology 2016: enhanced content, modularization, and ontology interoperability. "
    "J Biomed Semantics 7, 44 (2016).",
    "Virshup I, et al. anndata: Access and store annotated data matrices. JOSS 9, 4371 (2024).",
)


def methods_text(adata: AnnData, threshold: float) -> dict[str, Any]:
    """Return ``paragraph`` and ``citations``, ready to paste."""
    sentences = [_references(adata), _training(adata), _calls(adata, threshold)]
    return {"paragraph": " ".join(text for text in sentences if text), "citations": CITATIONS}


def _references(adata: AnnData) -> str:
    held = recorded(adata, "references_json") or []
    if not held:
        return ""
    cells = sum(item.get("n_kept", 0) for item in held)
    named = ", ".join(str(item.get("source", "")) for item in held)
    one = len(held) == 1
    return (
        f"Cell types were assigned with a classifier trained for this panel on {'a' if one else len(held)} labelled "
        f"single-cell reference{'' if one else 's'} ({named}; {cells:,} cells), cut to the panel's genes. "
        "Labels were mapped to the Cell Ontology (Diehl et al. 2016), and cells were balanced over types and sources."
    )


def _training(adata: AnnData) -> str:
    training = model_card(adata).get("training") or {}
    if training.get("trainer") != "logistic":
        return ""
    platform, figures = model_card(adata).get("platform") or {}, held_out(adata)
    matched = (
        f" after the reference had been brought to the depth (median {platform['median_depth']:.0f} counts), the gene "
        f"efficiencies and the background ({100 * platform['ambient_share']:.0f} %) of the spatial data"
        if platform.get("matched_to") == "query"
        else ""
    )
    return (
        f"A class-balanced multinomial logistic regression in the form of CellTypist (Domínguez Conde et al. 2022) was "
        f"fitted on {training['n_cells']:,} cells, {training['n_genes']} genes and {training['n_classes']} classes"
        f"{matched}. On held-out reference cells it reached an accuracy of {figures['accuracy']:.3f} and a macro-F1 of "
        f"{figures['macro_f1']:.3f}."
        if figures
        else ""
    )


def _calls(adata: AnnData, threshold: float) -> str:
    versions = recorded(adata, "versions_json") or {}
    calibrated = recorded(adata, "confidence_transform") == "calibrated"
    kind = "calibrated confidence" if calibrated else "confidence"
    own = versions.get("spatialcore-celltyping", "")
    return (
        f"Calls with a {kind} below {threshold:g} were left unassigned. "
        f"Analyses used spatialcore-celltyping {own} with anndata {versions.get('anndata', '')} (Virshup et al. 2024)."
    )
