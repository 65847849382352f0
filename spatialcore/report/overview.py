"""The first section of the report: number of cells and calls, expected accuracy, warnings."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.expression.find import measured_features
from spatialcore.annotation.panel import gene_features
from spatialcore.annotation.references.tissue_check import foreign_references
from spatialcore.core.categories import as_texts
from spatialcore.core.text.wording import list_names
from spatialcore.plotting.groups import NOT_TYPES
from spatialcore.plotting.manifest import manifest_value
from spatialcore.report.reference_misfit import find_misfit
from spatialcore.report.run_warnings import run_warnings

_FORMATS: Final = re.compile(r"\.(h5ad|h5|zarr|zarr\.zip)$")


@dataclass(frozen=True)
class Overview:
    """The overview of a run.

    Attributes
    ----------
    title, tissue
        Title of the report, and the tissue in the configuration.
    n_cells, n_called, n_types
        Number of cells, cells with a call, and cell types.
    n_panel_genes, n_shared_genes
        Number of genes of the panel, and of those that the model uses; None if that is not recorded.
    threshold
        Minimum confidence of a call.
    expected_accuracy
        Mean calibrated confidence of the calls; None if the confidence is not calibrated or the references do not
        match these cells.
    warnings
        Sentences, the most important first.
    misfit
        The warning that the references do not match these cells; empty if there is none.
    is_withheld
        Whether the expected accuracy is not stated because the references do not match.
    reference_tissues
        The tissues of the references; empty if they are not recorded.
    """

    title: str
    tissue: str
    n_cells: int
    n_called: int
    n_types: int
    n_panel_genes: int
    n_shared_genes: int | None
    threshold: float
    expected_accuracy: float | None
    warnings: tuple[str, ...]
    misfit: str = ""
    is_withheld: bool = False
    reference_tissues: str = ""

    @property
    def share_called(self) -> float:
        """Share of the cells with a call, 0 to 1."""
        return self.n_called / max(1, self.n_cells)


def summarize(adata: AnnData, threshold: float, validation: pd.DataFrame, sample: str = "") -> Overview:
    """Return the overview of annotated data.

    Parameters
    ----------
    adata
        Annotated data with their run manifest.
    threshold
        Minimum confidence of a call.
    validation
        The summary of :func:`spatialcore.plotting.plot_2d_validation`; may be empty.
    sample
        Name of the sample, for the title.
    """
    calls = as_texts(adata.obs[columns.CELL_TYPE])
    called = (~calls.isin(NOT_TYPES)).to_numpy()
    share_called = float(called.mean()) if adata.n_obs else 0.0
    tissue = str((manifest_value(adata, "config_json") or {}).get("tissue", "unknown"))
    calibrated = manifest_value(adata, "confidence_transform") == "calibrated"
    misfit = find_misfit(adata, validation, share_called)
    is_withheld = bool(misfit or foreign_references(tissue, manifest_value(adata, "references_json") or []))
    warnings = run_warnings(adata, tissue, share_called, validation, calibrated=calibrated)
    return Overview(
        title=f"Cell types of {sample or _query_name(adata) or tissue}",
        tissue=tissue,
        n_cells=adata.n_obs,
        n_called=int(called.sum()),
        n_types=len(set(calls.cat.categories) - set(NOT_TYPES)),
        n_panel_genes=len(set(gene_features(measured_features(adata)))),
        n_shared_genes=manifest_value(adata, "n_shared_genes"),
        threshold=threshold,
        expected_accuracy=_mean_confidence(adata, called) if calibrated and not is_withheld else None,
        warnings=(*([misfit] if misfit else []), *warnings),
        misfit=misfit,
        is_withheld=is_withheld,
        reference_tissues=_reference_tissues(adata),
    )


def _query_name(adata: AnnData) -> str:
    """Return the name of the file of the query, without its folder and format; empty if it is not recorded."""
    return _FORMATS.sub("", str(manifest_value(adata, "query") or "").rstrip("/").rpartition("/")[2])


def _mean_confidence(adata: AnnData, cells: npt.NDArray[np.bool_]) -> float | None:
    confidence = adata.obs[columns.CONFIDENCE].to_numpy(dtype=np.float64)
    return float(confidence[cells].mean()) if cells.any() else None


def _reference_tissues(adata: AnnData) -> str:
    """Return the tissues of the references, most cells first; empty if they are not recorded."""
    cells: dict[str, int] = {}
    for reference in manifest_value(adata, "references_json") or []:
        for name, n in (reference.get("tissues") or {}).items():
            cells[name] = cells.get(name, 0) + int(n)
    ranked = sorted(cells, key=lambda name: -cells[name])
    return list_names(ranked, 3)
