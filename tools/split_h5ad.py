"""Split an h5ad into one file per value of an obs column.

Usage: python tools/split_h5ad.py cells.h5ad donor folder/
"""

import argparse
from pathlib import Path

import anndata as ad


def split(path: Path, column: str, folder: Path) -> list[Path]:
    """Write ``{stem}_{value}.h5ad`` for each value of ``obs[column]`` and return the paths."""
    adata = ad.read_h5ad(path)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for value in sorted(adata.obs[column].astype(str).unique()):
        paths.append(folder / f"{path.stem}_{value}.h5ad")
        adata[(adata.obs[column].astype(str) == value).to_numpy()].write_h5ad(paths[-1], compression="gzip")
    return paths


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("column")
    parser.add_argument("folder", type=Path)
    for part in split(**vars(parser.parse_args())):
        print(part)
