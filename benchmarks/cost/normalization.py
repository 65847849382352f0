"""Cost of checking a matrix of 200,000 cells x 36,000 genes; target: under 50 MB and one CPU second.

Usage: python -m benchmarks.cost.normalization [--rival PYTHON]

``--rival`` is the interpreter of an environment with spatialcore 0.5.4 from PyPI.
"""

import argparse
import tempfile

from benchmarks.cost.measure import measure, show

MATRIX = """
import numpy as np, scipy.sparse as sp, anndata as ad
rng = np.random.default_rng(0)
n, genes, each = 200_000, 36_000, 50
indices = (rng.integers(0, genes // each, (n, each)) + np.arange(each) * (genes // each)).astype(np.int32).ravel()
values = rng.poisson(2, n * each).astype(np.float32) + 1
X = sp.csr_matrix((values, indices, np.arange(0, n * each + 1, each)), shape=(n, genes))
"""
LOGGED = """
X.data = np.log1p(X.data * np.repeat(1e4 / np.asarray(X.sum(axis=1)).ravel(), each)).astype(np.float32)
"""
CHECK = """
from {module} import check_normalization_status
adata = ad.AnnData(X)
check_normalization_status(adata[:10].copy())
"""
FORMS = {
    "CSR counts": "",
    "CSR log1p(10k)": LOGGED,
    "CSC counts": "X = X.tocsc()",
    "CSC log1p(10k)": LOGGED + "X = X.tocsc()",
}


def main() -> None:
    """Measure all forms of the matrix, and another version."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rival")
    options = parser.parse_args()
    rows = {}
    check = CHECK.format(module="spatialcore.core.utils")
    for form, change in FORMS.items():
        rows[form] = measure(MATRIX + change + check, 'check_normalization_status(adata)["x_state"]')
    backed = check + "adata.write_h5ad('{0}'); adata = ad.read_h5ad('{0}', backed='r')"
    with tempfile.TemporaryDirectory() as folder:
        rows["CSR log1p(10k), backed"] = measure(
            MATRIX + LOGGED + backed.format(f"{folder}/a.h5ad"), 'check_normalization_status(adata)["x_state"]'
        )
    if options.rival:
        for form in ("CSR counts", "CSR log1p(10k)"):
            rows[f"{form}, spatialcore 0.5.4"] = measure(
                MATRIX + FORMS[form] + CHECK.format(module="spatialcore.core.utils"),
                'check_normalization_status(adata)["x_state"]',
                options.rival,
            )
    show("check_normalization_status, 200,000 x 36,000, 10 million values (80 MB)", rows)


if __name__ == "__main__":
    main()
