"""Write a folder with a Vitessce web page: maps of cell types, confidence and genes."""

import json
import shutil
import warnings
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.sparse import csc_matrix

from spatialcore import columns
from spatialcore.annotation.colors import cell_type_colors
from spatialcore.core.entries import coordinates_in, mapping_in
from spatialcore.core.files import whole
from spatialcore.core.genes.features import gene_names
from spatialcore.core.logging import get_logger
from spatialcore.core.normalization import log1p_normalize
from spatialcore.core.validation import takes_adata
from spatialcore.errors import ANNOTATE_FIRST, FileMissingError, InputError
from spatialcore.io.counts import raw_counts
from spatialcore.io.vitessce.view_config import DATA, EMBEDDING, view_config
from spatialcore.io.write import cell_ids

logger = get_logger(__name__)

CONFIG = "vitessce.json"
PAGE = "index.html"
VIEWER = "viewer"
DISPLAYED = (columns.CELL_TYPE, columns.PREDICTED, columns.CONFIDENCE, *columns.LEVELS)


@takes_adata
def write_vitessce(
    adata: AnnData,
    folder: str | Path,
    *,
    name: str = "",
    genes: Sequence[str] | None = None,
    viewer: str | Path | None = None,
) -> Path:
    """Write a folder with a web page: maps of cell types, confidence and genes, with legends and counts.

    The folder has ``data.zarr`` (an AnnData with the displayed values), ``vitessce.json`` (the view configuration) and
    ``index.html``. Serve it with any web server, e.g. ``python -m http.server``, or upload it to a bucket.

    Parameters
    ----------
    adata
        Annotated cells with coordinates.
    folder
        Output folder. An existing folder is replaced only if this function wrote it.
    name
        Title of the page; by default the name of the folder.
    genes
        Genes whose expression is included; by default all genes of the panel.
    viewer
        Folder made by ``tools/build_vitessce_viewer.py``, to be copied beside the page. By default the page loads
        Vitessce from the web.

    Returns
    -------
    Path
        The folder written.

    Raises
    ------
    InputError
        The data have no calls or no coordinates, a gene does not exist, or the folder has other content.

    Examples
    --------
    >>> import tempfile
    >>> from spatialcore.io import write_vitessce
    >>> obs = pd.DataFrame({"cell_type": ["B cell", "T cell"]}, index=["c1", "c2"])
    >>> adata = AnnData(np.array([[3.0], [1.0]]), obs=obs, obsm={"spatial": np.zeros((2, 2))})
    >>> folder = write_vitessce(adata, f"{tempfile.mkdtemp()}/web")
    >>> sorted(path.name for path in folder.iterdir())
    ['data.zarr', 'index.html', 'vitessce.json']
    """
    target = Path(folder).expanduser()
    displayed = _displayed_data(adata, genes)
    types = _by_frequency(displayed.obs[columns.CELL_TYPE])
    config = view_config(
        name or target.name,
        f"{displayed.n_obs:,} cells",
        colors=cell_type_colors(types, keep=_model_colors(adata)),
        types=types,
        genes=list(displayed.var_names),
        columns=list(displayed.obs.columns),
    )
    _check_replaceable(target)
    with whole(target) as part:
        part.mkdir()
        _write_data(displayed, part / DATA)
        (part / CONFIG).write_text(json.dumps(config, indent=1, ensure_ascii=False))
        (part / PAGE).write_text(files("spatialcore.io.vitessce").joinpath("vitessce.html").read_text())
        if viewer is not None:
            _copy_viewer(Path(viewer).expanduser(), part / VIEWER)
    logger.info("wrote %s: %d cells, %d genes", target, displayed.n_obs, displayed.n_vars)
    return target


def _displayed_data(adata: AnnData, genes: Sequence[str] | None) -> AnnData:
    """Return an AnnData with the values that the views display."""
    if columns.CELL_TYPE not in adata.obs:
        raise InputError(f"obs has no column {columns.CELL_TYPE!r}", hint=ANNOTATE_FIRST)
    coordinates = coordinates_in(adata)
    if coordinates is None:
        raise InputError("the data have no coordinates", hint="add obsm['spatial']")
    obs = pd.DataFrame(index=pd.Index(cell_ids(adata)))
    for column in (column for column in DISPLAYED if column in adata.obs):
        obs[column] = adata.obs[column].to_numpy()
    calls = adata.obs[columns.CELL_TYPE].astype(object)
    obs[columns.CELL_TYPE] = pd.Categorical(calls.where(calls.notna(), columns.UNASSIGNED).astype(str))
    values, names = _expression(adata, genes)
    displayed = AnnData(values, obs=obs, var=pd.DataFrame(index=pd.Index(names, dtype=object)))
    # the y axis of a scatter plot points up, that of a tissue section down
    displayed.obsm[EMBEDDING] = (coordinates[:, :2] * [1, -1]).astype(np.float32)
    return displayed


def _expression(adata: AnnData, genes: Sequence[str] | None) -> tuple[csc_matrix, list[str]]:
    """Return log1p(10k) of the genes as CSC, because a browser reads one gene at a time."""
    raw = raw_counts(adata)
    names = [str(name) for name in adata.var_names] if raw is None else raw.names
    panel = [i for i, symbol in enumerate(gene_names(adata.var if raw is None else raw.var)[0]) if symbol]
    values = csc_matrix(adata.X)[:, panel] if raw is None else log1p_normalize(raw.matrix[:, panel]).tocsc()
    available = [names[position] for position in panel]
    if genes is None:
        return values, available
    if missing := sorted(set(genes) - set(available)):
        raise InputError(f"unknown genes: {', '.join(missing)}", hint=f"genes: {', '.join(available[:5])}, ...")
    return values[:, [available.index(gene) for gene in genes]], list(genes)


def _by_frequency(calls: "pd.Series[str]") -> list[str]:
    """Return the cell types, the most frequent first; cells without a type last."""
    names = [str(name) for name in calls.astype(str).value_counts().index]
    return sorted(names, key=lambda name: name in {columns.UNASSIGNED, columns.LOW_COUNT})


def _model_colors(adata: AnnData) -> dict[str, str]:
    colors = json.loads(mapping_in(adata.uns, columns.MANIFEST).get("colors_json", "{}"))
    return {str(name): str(color) for name, color in colors.items()}


def _check_replaceable(folder: Path) -> None:
    if folder.exists() and not (folder / CONFIG).is_file() and (folder.is_file() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not a Vitessce folder", hint="pass the path of a new folder")


def _write_data(displayed: AnnData, path: Path) -> None:
    with warnings.catch_warnings():
        # all viewers read format 2; anndata warns that its default will change
        warnings.filterwarnings("ignore", message="Writing zarr v2")
        displayed.write_zarr(path)


def _copy_viewer(viewer: Path, target: Path) -> None:
    if not (viewer / "viewer.js").is_file():
        raise FileMissingError(f"no viewer.js in {viewer}", hint="create it with tools/build_vitessce_viewer.py")
    shutil.copytree(viewer, target)
