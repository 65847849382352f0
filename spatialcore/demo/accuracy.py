"""The accuracy of calls of cells with known labels."""

import anndata as ad
import pandas as pd

from spatialcore import columns

KNOWN_LABEL = "known_label"


def accuracy_on_known(adata: ad.AnnData, mapping: pd.DataFrame) -> dict[str, float]:
    """Compare calls with known labels.

    Parameters
    ----------
    adata
        Annotated query with ``obs["known_label"]``.
    mapping
        Label mapping of the references, with columns ``input_label`` and ``name``.

    Returns
    -------
    dict
        ``cells`` (number of cells with a known label), ``all`` (accuracy of all calls), ``kept`` (accuracy of calls
        above the threshold) and ``share_kept`` (fraction of calls above the threshold).

    Examples
    --------
    >>> obs = pd.DataFrame({"known_label": ["b", "t", ""], "cell_type": ["B cell", "Unassigned", "B cell"]})
    >>> obs["cell_type_predicted"] = ["B cell", "B cell", "B cell"]
    >>> obs.index = obs.index.astype(str)
    >>> mapping = pd.DataFrame({"input_label": ["b", "t"], "name": ["B cell", "T cell"]})
    >>> accuracy_on_known(ad.AnnData(obs=obs), mapping)
    {'cells': 2.0, 'all': 0.5, 'kept': 1.0, 'share_kept': 0.5}
    """
    labelled = adata.obs[adata.obs[KNOWN_LABEL].astype(str) != ""]
    names = mapping.loc[mapping["name"].fillna("") != ""].set_index("input_label")["name"].to_dict()
    truth = labelled[KNOWN_LABEL].astype(str).map(lambda label: names.get(label, label))
    correct = labelled[columns.PREDICTED].astype(str) == truth.astype(str)
    assigned = labelled[columns.CELL_TYPE].astype(str) != columns.UNASSIGNED
    return {
        "cells": float(len(labelled)),
        "all": float(correct.mean()),
        "kept": float(correct[assigned].mean()),
        "share_kept": float(assigned.mean()),
    }
