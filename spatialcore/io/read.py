"""One door for every platform's output."""

from pathlib import Path

from anndata import AnnData

from spatialcore.core.logging import get_logger
from spatialcore.io.formats import identify

logger = get_logger(__name__)


def read_spatial(path: str | Path) -> AnnData:
    """Read the output of a platform, whichever it is: counts, coordinates and cell identifiers, no images.

    Parameters
    ----------
    path
        An .h5ad file, a 10x .h5 file, an AnnData or SpatialData .zarr folder, a Xenium output folder, a folder of CosMx
        flat files or a MERSCOPE region.

    Returns
    -------
    AnnData
        All cells in the order of the count matrix, their identifiers as text in ``obs_names``; all features, controls
        included; coordinates (cells x 2) in ``obsm["spatial"]`` where the format has them;
        ``uns["spatialcore_source"]`` says reader, platform, unit of the coordinates and software.

    Raises
    ------
    FileMissingError
        There is nothing at the path, or a part of the output is missing.
    InputError
        The format is not known, or the files do not fit each other.

    Examples
    --------
    >>> from spatialcore.io import read_spatial
    >>> adata = read_spatial("output-XETG00001__0001__breast")  # doctest: +SKIP
    """
    place = Path(path).expanduser()
    found = identify(place)
    adata = found.read(place)
    logger.info("%s: %s, %d cells x %d features", place.name, found.name, adata.n_obs, adata.n_vars)
    return adata
