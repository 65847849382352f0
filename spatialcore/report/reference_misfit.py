"""Detect references of another tissue by marker genes, which are independent of the references.

A confidence calibrated on reference cells does not show that the query is of another tissue. Figures on twenty pairs of
real query and reference, eight of them of the same tissue or with its main types:

============================================ ============ ==============
figure                                       same tissue  another tissue
============================================ ============ ==============
median over types of the AUC by own markers  .83 to 1.00  .51 to .97
share of types without a marker on the panel .00 to .17   .00 to .50
============================================ ============ ==============

Together they detect nine of the twelve and none of the eight. They miss broad types that occur in any tissue (a
pancreas annotated with epithelial cells and fibroblasts of lung) and whole transcriptomes, which measure every
marker.
"""

from typing import Final

import pandas as pd
from anndata import AnnData

from spatialcore.annotation.expression.find import measured_features
from spatialcore.annotation.markers import markers_for_genes
from spatialcore.core.genes.symbols import symbols_of
from spatialcore.core.text.wording import list_names
from spatialcore.plotting.manifest import manifest_value
from spatialcore.plotting.markers import plain_name

LOW_AUC: Final = 0.65
DOUBTFUL_AUC: Final = 0.8  # if few cells are called
FEW_CALLED: Final = 0.5
MIN_TYPES: Final = 3
MANY_UNMARKED: Final = 0.3


def find_misfit(adata: AnnData, validation: pd.DataFrame, share_called: float) -> str:
    """Return a warning that the references do not match the cells, with the reasons; empty if they match.

    Parameters
    ----------
    adata
        Annotated data with their run manifest.
    validation
        The summary of :func:`spatialcore.plotting.plot_2d_validation`: ``n_markers`` and ``auc`` per type.
    share_called
        Share of the cells with a call, 0 to 1.
    """
    reasons = [*_low_fit(adata), *_low_auc(validation, share_called), *_unmeasured_markers(adata)]
    if not reasons:
        return ""
    return (
        "The references may not match these cells: they may be of another tissue, or lack its main types. "
        + " ".join(reasons)
    )


def _low_fit(adata: AnnData) -> list[str]:
    fit = manifest_value(adata, "reference_fit_json") or {}
    return [str(fit["misfit"])] if fit.get("misfit") else []


def _low_auc(validation: pd.DataFrame, share_called: float) -> list[str]:
    if validation.empty:
        return []
    auc = validation.loc[validation["n_markers"] > 1, "auc"].dropna()
    median = float(auc.median()) if len(auc) >= MIN_TYPES else 1.0
    if median >= (LOW_AUC if share_called >= FEW_CALLED else DOUBTFUL_AUC):
        return []
    return [
        f"The median AUC of the types by their own markers is {median:.2f} (chance level: 0.5), and "
        f"{100 * share_called:.0f} % of the cells have a call."
    ]


def _unmeasured_markers(adata: AnnData) -> list[str]:
    var = measured_features(adata)
    genes = set(symbols_of([str(name) for name in var.index], var))
    markers = {plain_name(name): members for name, members in markers_for_genes(genes).items()}
    with_markers = [name for name in _classes(adata) if plain_name(name) in markers]
    unmeasured = [name for name in with_markers if genes.isdisjoint(markers[plain_name(name)])]
    if len(unmeasured) < max(MIN_TYPES, MANY_UNMARKED * len(with_markers)):
        return []
    return [
        f"{len(unmeasured)} of {len(with_markers)} types have none of their canonical markers on the panel: "
        f"{list_names(unmeasured, 8)}."
    ]


def _classes(adata: AnnData) -> list[str]:
    """Return the classes of the model, or of all models of an ensemble."""
    classes = manifest_value(adata, "model_classes_json") or []
    return list(dict.fromkeys(str(name) for part in classes for name in ([part] if isinstance(part, str) else part)))
