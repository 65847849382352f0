"""Do the references fit the cells? Asked of markers: facts of biology that no model has learned from the references.

A confidence calibrated on reference cells cannot tell that the query is of another tissue. Measured on twenty pairs of
real query and reference, eight of them of one tissue or with its main types:

============================================ ============ ==============
figure                                       they fit     another tissue
============================================ ============ ==============
median over types of the AUC by own markers  .83 to 1.00  .51 to .97
share of types without a marker on the panel .00 to .17   .00 to .50
============================================ ============ ==============

Together they find nine of the twelve and none of the eight. What they miss: broad types that are right in any tissue
(a pancreas called by a lung's epithelial cells and fibroblasts), and whole transcriptomes, which measure every marker.
"""

from typing import Final

import pandas as pd
from anndata import AnnData

from spatialcore.annotation.markers import load_canonical_markers
from spatialcore.core.genes.symbols import symbols_of
from spatialcore.plotting.markers import plain_name
from spatialcore.plotting.recorded import recorded

LOW_AUC: Final = 0.65
DOUBTFUL_AUC: Final = 0.8  # together with few calls
FEW_CALLED: Final = 0.5
LEAST_TYPES: Final = 3
MANY_UNMARKED: Final = 0.3
NAMED: Final = 8


def find_misfit(adata: AnnData, validation: pd.DataFrame, share_called: float) -> str:
    """Return a sentence that the references do not seem to fit, and why; empty where nothing speaks against them.

    Parameters
    ----------
    adata
        Annotated data with their manifest.
    validation
        The summary of :func:`spatialcore.plotting.plot_2d_validation`: ``n_markers`` and ``auc`` per type.
    share_called
        Share of the cells that have a call.
    """
    reasons = [*_markers_not_shown(validation, share_called), *_markers_not_measured(adata)]
    if not reasons:
        return ""
    return (
        "The references do not seem to fit these cells: they may be of another tissue, or lack its main types. "
        + " ".join(reasons)
    )


def _markers_not_shown(validation: pd.DataFrame, share_called: float) -> list[str]:
    if validation.empty:
        return []
    judged = validation.loc[validation["n_markers"] > 1, "auc"].dropna()
    middle = float(judged.median()) if len(judged) >= LEAST_TYPES else 1.0
    if middle >= (LOW_AUC if share_called >= FEW_CALLED else DOUBTFUL_AUC):
        return []
    return [
        f"Half of the types called stand out in their own markers with an AUC of no more than {middle:.2f} (chance: "
        f"0.5), and {100 * share_called:.0f} % of the cells have a call."
    ]


def _markers_not_measured(adata: AnnData) -> list[str]:
    markers = {plain_name(name): genes for name, genes in load_canonical_markers().items()}
    known = [name for name in _classes(adata) if plain_name(name) in markers]
    genes = set(symbols_of([str(name) for name in adata.var_names], adata.var))
    without = [name for name in known if genes.isdisjoint(markers[plain_name(name)])]
    if len(without) < LEAST_TYPES or len(without) < MANY_UNMARKED * len(known):
        return []
    return [
        f"{len(without)} of {len(known)} types have none of their known markers on the panel: {', '.join(without)}."
    ]


def _classes(adata: AnnData) -> list[str]:
    """Return the model's classes, of several models those of each."""
    held = recorded(adata, "model_classes_json") or []
    return list(dict.fromkeys(str(name) for part in held for name in ([part] if isinstance(part, str) else part)))
