"""Cell groups that Xenium Explorer imports."""

from pathlib import Path

import pandas as pd
from anndata import AnnData

from spatialcore.columns import CELL_TYPE, UNASSIGNED
from spatialcore.core.files import whole
from spatialcore.errors import InputError
from spatialcore.io.write import cell_ids


def write_explorer_groups(adata: AnnData, path: str | Path, *, column: str = CELL_TYPE) -> Path:
    """Write the CSV with the header ``cell_id,group`` that Xenium Explorer takes as cell groups in its panel of cells.

    Parameters
    ----------
    adata
        Cells of one Xenium sample, named as the instrument named them (``obs["cell_id"]``, else ``obs_names``).
    path
        The file to write.
    column
        The column of obs to show. A cell without a value goes to the group "Unassigned".

    Raises
    ------
    InputError
        There is no such column.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd, tempfile
    >>> from spatialcore.io import write_explorer_groups
    >>> adata = anndata.AnnData(np.ones((1, 1)), obs=pd.DataFrame({"cell_type": ["B cell"]}, index=["aaaaaaaa-1"]))
    >>> print(write_explorer_groups(adata, f"{tempfile.mkdtemp()}/groups.csv").read_text())
    cell_id,group
    aaaaaaaa-1,B cell
    <BLANKLINE>
    """
    if column not in adata.obs:
        raise InputError(f"obs has no column {column!r}", hint=f"it has {', '.join(adata.obs.columns[:12])}")
    place = Path(path).expanduser()
    groups = adata.obs[column].astype(object).where(adata.obs[column].notna(), UNASSIGNED).astype(str)
    table = pd.DataFrame({"cell_id": cell_ids(adata), "group": groups.to_numpy()})
    with whole(place) as part:
        table.to_csv(part, index=False)
    return place
