"""A folder that shows map, types and confidence in a browser, with Vitessce."""

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
from spatialcore.core.files import whole
from spatialcore.core.genes.symbols import is_control
from spatialcore.core.logging import get_logger
from spatialcore.core.normalization import log1p_normalize
from spatialcore.core.palette import palette
from spatialcore.errors import FileMissingError, InputError
from spatialcore.io.counts import raw_counts
from spatialcore.io.vitessce.view_config import DATA, EMBEDDING, view_config
from spatialcore.io.write import cell_ids

logger = get_logger(__name__)

CONFIG = "vitessce.json"
PAGE = "index.html"
VIEWER = "viewer"
SHOWN = (columns.CELL_TYPE, columns.PREDICTED, columns.CONFIDENCE)


def write_vitessce(
    adata: AnnData,
    folder: str | Path,
    *,
    name: str = "",
    genes: Sequence[str] | None = None,
    viewer: str | Path | None = None,
) -> Path:
    """Write a folder that a browser shows: map by type, by confidence and by gene, with their legends and counts.

    The folder holds ``data.zarr`` (an AnnData of what is shown), ``vitessce.json`` (the view configuration) and
    ``index.html``. Serve it with any web server, e.g. ``python -m http.server``, or lay it in a bucket.

    Parameters
    ----------
    adata
        Annotated cells with coordinates.
    folder
        The folder to write; one that is there is replaced if it is such a folder.
    name
        Shown above the views; nothing given: the folder's name.
    genes
        Genes whose expression can be shown; nothing given: all of the panel.
    viewer
        A folder that ``tools/build_vitessce_viewer.py`` made, to be laid beside the page. Nothing given: the page
        fetches Vitessce from the web.

    Raises
    ------
    InputError
        The data have no calls or no coordinates, a gene is not there, or the folder holds something else.
    """
    place = Path(folder).expanduser()
    shown = _shown(adata, genes)
    types = _by_frequency(shown.obs[columns.CELL_TYPE])
    config = view_config(
        name or place.name,
        f"{shown.n_obs:,} cells",
        colors=palette(types, keep=_model_colors(adata)),
        types=types,
        genes=list(shown.var_names),
        columns=list(shown.obs.columns),
    )
    _check_replaceable(place)
    with whole(place) as part:
        part.mkdir()
        _write_data(shown, part / DATA)
        (part / CONFIG).write_text(json.dumps(config, indent=1, ensure_ascii=False))
        (part / PAGE).write_text(files("spatialcore.io.vitessce").joinpath("vitessce.html").read_text())
        if viewer is not None:
            _copy_viewer(Path(viewer).expanduser(), part / VIEWER)
    logger.info("wrote %s: %d cells, %d genes", place, shown.n_obs, shown.n_vars)
    return place


def _shown(adata: AnnData, genes: Sequence[str] | None) -> AnnData:
    """Return what the views need, and no more."""
    if columns.CELL_TYPE not in adata.obs:
        raise InputError(f"obs has no column {columns.CELL_TYPE!r}", hint="annotate the data first")
    if columns.SPATIAL not in adata.obsm:
        raise InputError("the cells have no coordinates to make a map of", hint="add obsm['spatial']")
    obs = pd.DataFrame(index=pd.Index(cell_ids(adata)))
    for column in (column for column in SHOWN if column in adata.obs):
        obs[column] = adata.obs[column].to_numpy()
    calls = adata.obs[columns.CELL_TYPE].astype(object)
    obs[columns.CELL_TYPE] = pd.Categorical(calls.where(calls.notna(), columns.UNASSIGNED).astype(str))
    values, names = _expression(adata, genes)
    shown = AnnData(values, obs=obs, var=pd.DataFrame(index=pd.Index(names, dtype=object)))
    # a scatter plot's y goes up, a section's goes down
    shown.obsm[EMBEDDING] = (np.asarray(adata.obsm[columns.SPATIAL])[:, :2] * [1, -1]).astype(np.float32)
    return shown


def _expression(adata: AnnData, genes: Sequence[str] | None) -> tuple[csc_matrix, list[str]]:
    """Return log1p(10k) of the genes to show, by column: a browser reads one gene at a time."""
    raw = raw_counts(adata)
    names = [str(name) for name in adata.var_names] if raw is None else raw.names
    panel = [position for position, name in enumerate(names) if not is_control(name)]
    values = csc_matrix(adata.X)[:, panel] if raw is None else log1p_normalize(raw.matrix[:, panel]).tocsc()
    kept = [names[position] for position in panel]
    if genes is None:
        return values, kept
    if missing := sorted(set(genes) - set(kept)):
        raise InputError(f"not among the genes: {', '.join(missing)}", hint=f"there are {', '.join(kept[:5])}, ...")
    return values[:, [kept.index(gene) for gene in genes]], list(genes)


def _by_frequency(calls: "pd.Series[str]") -> list[str]:
    """List the most frequent types first, cells without a type last."""
    names = [str(name) for name in calls.astype(str).value_counts().index]
    return sorted(names, key=lambda name: name in {columns.UNASSIGNED, columns.LOW_COUNT})


def _model_colors(adata: AnnData) -> dict[str, str]:
    told = adata.uns.get(columns.MANIFEST, {}).get("colors_json", "{}")
    return {str(name): str(color) for name, color in json.loads(told).items()}


def _check_replaceable(place: Path) -> None:
    if place.exists() and not (place / CONFIG).is_file() and (place.is_file() or any(place.iterdir())):
        raise InputError(f"{place} holds something else", hint="name a new folder")


def _write_data(shown: AnnData, place: Path) -> None:
    with warnings.catch_warnings():
        # format 2 is the one that every viewer reads; anndata warns that its default will change
        warnings.filterwarnings("ignore", message="Writing zarr v2")
        shown.write_zarr(place)


def _copy_viewer(viewer: Path, place: Path) -> None:
    if not (viewer / "viewer.js").is_file():
        raise FileMissingError(f"no viewer.js in {viewer}", hint="make it with tools/build_vitessce_viewer.py")
    shutil.copytree(viewer, place)
