"""Read 20,000 of 200,000 cells x 20,000 genes for a panel of 400; target: under 300 MB, not slower than backed anndata.

Usage: python -m benchmarks.cost.loading [--rival PYTHON] [--compression gzip|lzf|none]
"""

import argparse
import tempfile
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from benchmarks.cost.measure import measure, show

CELLS, GENES, EACH, PANEL, DRAWN = 200_000, 20_000, 400, 400, 20_000

THIS_PACKAGE = """
from spatialcore.annotation import load_adata_backed, combine_references
panel = [f"G{{i * 50}}" for i in range({panel})]
load_adata_backed({small!r}, "cell_type", 5, target_genes=["G0"])
combine_references([{small!r}], ["cell_type"], target_genes=["G0", "G50"], min_cells_per_type=1)
"""
BACKED = """
import anndata as ad, numpy as np
panel = [f"G{{i * 50}}" for i in range({panel})]
a = ad.read_h5ad({small!r}, backed="r"); a[np.arange(5)].to_memory()
def read(path):
    a = ad.read_h5ad(path, backed="r")
    rows = np.sort(np.random.default_rng(0).choice(a.n_obs, {drawn}, replace=False))
    return {how}
"""
WAYS = {
    "rows, then genes": "a[rows].to_memory()[:, panel].copy()",
    "rows and genes at once": "a[rows, panel].to_memory()",
}
RIVAL = """
import anndata as ad
from spatialcore.annotation.loading import load_adata_backed
from spatialcore.annotation import combine_references
panel = [f"G{{i * 50}}" for i in range({panel})]
"""


def write_reference(path: Path, n_cells: int, compression: str | None) -> None:
    """Write cells of twenty types with counts on 400 genes each."""
    rng = np.random.default_rng(0)
    step = GENES // EACH
    indices = (rng.integers(0, step, (n_cells, EACH)) + np.arange(EACH) * step).astype(np.int32).ravel()
    values = rng.poisson(1, n_cells * EACH).astype(np.float32) + 1
    X = sp.csr_matrix((values, indices, np.arange(0, n_cells * EACH + 1, EACH)), shape=(n_cells, GENES))
    types = pd.Categorical.from_codes(rng.integers(0, 20, n_cells).tolist(), pd.Index([f"type {i}" for i in range(20)]))
    obs = pd.DataFrame({"cell_type": types})
    obs.index = [f"cell{i}" for i in range(n_cells)]
    ad.AnnData(X, obs, pd.DataFrame(index=[f"G{i}" for i in range(GENES)])).write_h5ad(path, compression=compression)


def main() -> None:
    """Measure this package, anndata, and another version."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rival")
    parser.add_argument("--compression", choices=["gzip", "lzf", "none"], default="gzip")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        big, small = Path(folder) / "big.h5ad", str(Path(folder) / "small.h5ad")
        compression = None if options.compression == "none" else options.compression
        write_reference(big, CELLS, compression)
        write_reference(Path(small), 500, compression)
        print(f"{big.stat().st_size / 1e6:.0f} MB on disk ({options.compression})")
        big.read_bytes()  # fill the page cache
        shapes = {"panel": PANEL, "drawn": DRAWN, "small": small}
        rows = {
            "load_adata_backed": measure(
                THIS_PACKAGE.format(**shapes),
                f"load_adata_backed({str(big)!r}, 'cell_type', {DRAWN}, target_genes=panel).shape",
            ),
            "combine_references": measure(
                THIS_PACKAGE.format(**shapes),
                f"combine_references([{str(big)!r}], ['cell_type'], max_cells_per_ref={DRAWN}, "
                "target_genes=panel, checksum=False).shape",
            ),
        }
        for name, how in WAYS.items():
            rows[f"anndata: {name}"] = measure(BACKED.format(how=how, **shapes), f"read({str(big)!r}).shape")
        if options.rival:
            rows["spatialcore 0.5.4"] = measure(
                RIVAL.format(**shapes),
                f"load_adata_backed({str(big)!r}, max_cells={DRAWN}, label_column='cell_type')[:, panel].copy().shape",
                options.rival,
            )
    show("20,000 of 200,000 cells x 20,000 genes, panel of 400", rows)


if __name__ == "__main__":
    main()
