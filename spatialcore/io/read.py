"""Read the output of any supported platform."""

from pathlib import Path

from anndata import AnnData

from spatialcore.annotation.spillover.other_coordinates import with_coordinates
from spatialcore.columns import SOURCE
from spatialcore.core.entries import mapping_in
from spatialcore.core.logging import get_logger
from spatialcore.core.on_disk.containers import refuse_external_links
from spatialcore.core.text.units import checked_unit
from spatialcore.errors import InputError
from spatialcore.io.anndata_files import is_anndata_zarr, is_h5ad, is_zarr, name_source
from spatialcore.io.formats import identify
from spatialcore.io.on_disk import has_large_matrix, open_anndata
from spatialcore.io.storable import make_storable

logger = get_logger(__name__)


def read_spatial(path: str | Path, *, on_disk: bool = False, unit: str = "") -> AnnData:
    """Read the output of any supported platform: counts, coordinates and cell identifiers, without images.

    Parameters
    ----------
    path
        An .h5ad file, a 10x .h5 file, an AnnData or SpatialData .zarr folder, a Xenium output folder, a folder of CosMx
        flat files or a MERSCOPE region.
    on_disk
        Leave large matrices of an .h5ad file or a .zarr folder in the file: they are read in blocks of cells when they
        are used. They must be compressed by rows (CSR); other matrices are read.
    unit
        Unit of the coordinates, ``"µm"`` or ``"px"``, for formats that do not state it, such as .h5ad. It replaces a
        unit that the file states.

    Returns
    -------
    AnnData
        Cells in the order of the count matrix, with their identifiers as strings in ``obs_names``; all features,
        including controls; coordinates (cells x 2) in ``obsm["spatial"]`` if the format has them, or those of usual
        columns of obs or elements of obsm (``x_centroid``, ``center_x``, ``X_spatial``); reader, platform, unit of the
        coordinates and software in ``uns["spatialcore_source"]``.

    Raises
    ------
    FileMissingError
        The path does not exist, or a file of the output is missing.
    InputError
        The format or the unit is unknown, the files do not match each other, or parts of them are in other files.

    Examples
    --------
    >>> import anndata, numpy as np, tempfile
    >>> from spatialcore.io import read_spatial
    >>> path = f"{tempfile.mkdtemp()}/cells.h5ad"
    >>> anndata.AnnData(np.ones((3, 2))).write_h5ad(path)
    >>> adata = read_spatial(path)
    >>> adata.shape, adata.uns["spatialcore_source"]["reader"]
    ((3, 2), 'h5ad')
    """
    unit = checked_unit(unit)
    if not isinstance(path, str | Path) or not str(path).strip():
        raise InputError(f"the path is {path!r:.80}, expected a file or folder", hint="pass its path")
    location = Path(path).expanduser()
    if location.is_file() or is_zarr(location):
        refuse_external_links(location)
    file_format = identify(location)
    adata = make_storable(_open(location) if on_disk and stays_on_disk(location) else file_format.read(location))
    adata = with_coordinates(adata)
    if unit:
        adata.uns[SOURCE] = {**mapping_in(adata.uns, SOURCE), "unit": unit}
    logger.info("%s: %s, %d cells x %d features", location.name, file_format.name, adata.n_obs, adata.n_vars)
    return adata


def stays_on_disk(path: Path) -> bool:
    """Return whether ``read_spatial(path, on_disk=True)`` leaves a matrix in its file."""
    return (is_h5ad(path) or (path.is_dir() and is_anndata_zarr(path))) and has_large_matrix(path)


def _open(path: Path) -> AnnData:
    return name_source(open_anndata(path), "h5ad" if path.is_file() else "anndata-zarr", path)
