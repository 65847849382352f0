"""Blood cells of two experiments, from files that scanpy and celltypist ship.

The references are two random thirds of the labelled 10x PBMC 68k cells in scanpy (Zheng et al. 2017), as two files.
The query is the other third, whose labels are not used in training, and 559 sample cells of CellTypist from another
experiment. The counts of the PBMC cells are recovered exactly from their log-normalized values.
"""

import warnings
from pathlib import Path
from typing import Final

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from spatialcore.core.counts import recover_counts
from spatialcore.demo.accuracy import KNOWN_LABEL
from spatialcore.demo.shipped import shipped_file

LABEL_COLUMN: Final = "bulk_labels"
_FOLDER: Final = Path("~/.spatialcore/demo")


def blood_data(folder: str | Path | None = None, random_state: int = 0) -> tuple[ad.AnnData, list[str]]:
    """Write references and query of blood cells; return the query and the paths of the references.

    Parameters
    ----------
    folder
        Output folder; by default ``~/.spatialcore/demo``.
    random_state
        Seed of the split into references and query.

    Returns
    -------
    query : AnnData
        Cells x about 700 genes, raw counts. ``obs["known_label"]`` is empty for cells without a known label.
    references : list of str
        Paths of two reference files with labels in ``obs["bulk_labels"]``.

    Examples
    --------
    >>> query, references = blood_data()
    >>> len(references)
    2
    """
    target = Path(folder or _FOLDER).expanduser()
    target.mkdir(parents=True, exist_ok=True)
    labelled = _pbmc68k()
    sample = _celltypist_sample(labelled.var_names)
    genes = sample.var_names
    third = np.random.default_rng(random_state).permutation(labelled.n_obs) % 3
    references = [str(target / f"pbmc68k_part{part + 1}.h5ad") for part in (0, 1)]
    for part, path in enumerate(references):
        labelled[third == part].write_h5ad(path, compression="gzip")
    query = _query(labelled[third == 2, genes], sample)
    query.write_h5ad(target / "query.h5ad", compression="gzip")
    return query, references


def _query(labelled: ad.AnnData, sample: ad.AnnData) -> ad.AnnData:
    labels = [*labelled.obs[LABEL_COLUMN].astype(str), *[""] * sample.n_obs]
    origin = ["pbmc68k"] * labelled.n_obs + ["celltypist_sample"] * sample.n_obs
    return ad.AnnData(
        sparse.vstack([labelled.X, sample.X], format="csr"),
        obs=pd.DataFrame(
            {KNOWN_LABEL: pd.Categorical(labels), "origin": pd.Categorical(origin)},
            index=[*labelled.obs_names, *sample.obs_names],
        ),
        var=pd.DataFrame(index=labelled.var_names),
    )


def _pbmc68k() -> ad.AnnData:
    """Read the 700 labelled cells of scanpy and recover their counts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the file has an old format
        source = ad.read_h5ad(shipped_file("scanpy", "datasets/10x_pbmc68k_reduced.h5ad"))
    counts, _ = recover_counts(source.raw.X)
    return ad.AnnData(counts, obs=source.obs[[LABEL_COLUMN]].copy(), var=pd.DataFrame(index=source.raw.var_names))


def _celltypist_sample(genes: pd.Index) -> ad.AnnData:
    """Read the 559 unlabelled sample cells of CellTypist (raw counts), with those of the genes that they have."""
    path = shipped_file("celltypist", "data/samples/sample_cell_by_gene.csv")
    with path.open() as file:
        header = pd.Index(file.readline().rstrip().split(","))
    genes = genes[genes.isin(header)]
    table = pd.read_csv(path, index_col=0, usecols=[0, *header.get_indexer(genes)])[genes]
    return ad.AnnData(
        sparse.csr_matrix(table.to_numpy(np.float32)),
        obs=pd.DataFrame(index=table.index.astype(str)),
        var=pd.DataFrame(index=table.columns.astype(str)),
    )
