"""Write cell groups for Xenium Explorer."""

from pathlib import Path

import pandas as pd
from anndata import AnnData

from spatialcore.columns import CELL_TYPE, UNASSIGNED
from spatialcore.core.categories import as_texts
from spatialcore.core.files import whole
from spatialcore.core.validation import require_column, takes_adata
from spatialcore.io.write import cell_ids


@takes_adata
def write_explorer_groups(adata: AnnData, path: str | Path, *, column: str = CELL_TYPE) -> Path:
    """Write a CSV with the header ``cell_id,group`` that Xenium Explorer imports as cell groups.

    Parameters
    ----------
    adata
        Cells of one Xenium sample, with the identifiers of the instrument in ``obs["cell_id"]`` or ``obs_names``.
    path
        Output file.
    column
        Column of obs with the groups. Cells without a value get the group "Unassigned".

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        The column does not exist.

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
    require_column(adata.obs, column)
    file = Path(path).expanduser()
    groups = as_texts(adata.obs[column], UNASSIGNED)
    table = pd.DataFrame({"cell_id": cell_ids(adata), "group": groups.array})
    with whole(file) as part:
        table.to_csv(part, index=False)
    return file
