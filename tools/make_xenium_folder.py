"""Write the cells of an .h5ad file as a Xenium output folder, for tests of the whole pipeline.

Usage: python tools/make_xenium_folder.py CELLS.h5ad FOLDER [--cells N]

The file has raw counts in X and coordinates in obsm["spatial"]; the cell ids are random.
"""

import argparse
import sys
from pathlib import Path

import anndata
import numpy as np
from scipy.sparse import csr_matrix

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from spatialcore.core.genes.symbols import is_control  # noqa: E402
from spatialcore.io.cellxgene.ensembl import current_ids  # noqa: E402
from tests.io.bundles import letters, write_xenium  # noqa: E402


def main() -> int:
    """Write the folder and print its size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cells", type=int, default=None, help="number of cells; default: all")
    options = parser.parse_args()
    source = anndata.read_h5ad(options.source)[: options.cells].copy()
    names = [str(name) for name in source.var_names]
    cells = anndata.AnnData(csr_matrix(source.X), obs=source.obs[[]].copy(), var=source.var[[]].copy())
    cells.var["gene_ids"] = [
        identifier or name for identifier, name in zip(current_ids(names, None, "human"), names, strict=True)
    ]
    cells.var["feature_types"] = ["Negative Control Probe" if is_control(name) else "Gene Expression" for name in names]
    cells.obs["cell_number"] = np.random.default_rng(0).choice(1 << 32, source.n_obs, replace=False)
    cells.obs_names = [letters(number) for number in cells.obs["cell_number"]]
    cells.obsm["spatial"] = source.obsm["spatial"]
    write_xenium(options.folder, cells)
    print(f"{options.folder}: {cells.n_obs} cells x {cells.n_vars} features")
    return 0


if __name__ == "__main__":
    sys.exit(main())
