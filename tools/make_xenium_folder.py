"""Put the cells of an .h5ad file into a folder as Xenium Onboard Analysis writes it, to try the whole way on.

Usage: python tools/make_xenium_folder.py CELLS.h5ad FOLDER [--cells N]

The file holds raw counts in X, coordinates in obsm["spatial"]; ids are taken from obs_names where they are Xenium's,
else made up.
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
    """Write the folder and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cells", type=int, default=None, help="the first so many cells only")
    options = parser.parse_args()
    source = anndata.read_h5ad(options.source)[: options.cells].copy()
    names = [str(name) for name in source.var_names]
    made = anndata.AnnData(csr_matrix(source.X), obs=source.obs[[]].copy(), var=source.var[[]].copy())
    made.var["gene_ids"] = [found or name for found, name in zip(current_ids(names, None, "human"), names, strict=True)]
    made.var["feature_types"] = ["Negative Control Probe" if is_control(name) else "Gene Expression" for name in names]
    made.obs["cell_number"] = np.random.default_rng(0).choice(1 << 32, source.n_obs, replace=False)
    made.obs_names = [letters(number) for number in made.obs["cell_number"]]
    made.obsm["spatial"] = source.obsm["spatial"]
    write_xenium(options.folder, made)
    print(f"{options.folder}: {made.n_obs} cells x {made.n_vars} features")
    return 0


if __name__ == "__main__":
    sys.exit(main())
