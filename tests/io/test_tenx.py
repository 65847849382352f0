"""10x matrices: HDF5, MEX and zarr."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from spatialcore.errors import InputError
from spatialcore.io import read_spatial
from tests.io.bundles import sample, write_xenium


def test_truncated_matrix(tmp_path: Path) -> None:
    folder = write_xenium(tmp_path / "run", sample(9, 3))
    with h5py.File(folder / "cell_feature_matrix.h5", "a") as store:
        full = store["matrix/indptr"][:]
        del store["matrix/indptr"]
        store["matrix/indptr"] = full[:-1]
    with pytest.raises(InputError, match="damaged"):
        read_spatial(folder)


def test_protein_intensities_are_unscaled(tmp_path: Path) -> None:
    data = sample(6, 4)
    data.var["feature_types"] = ["Gene Expression", "Gene Expression", "Gene Expression", "Protein Expression"]
    folder = write_xenium(tmp_path / "run", data)
    with h5py.File(folder / "cell_feature_matrix.h5", "a") as store:
        store.attrs["protein_scaling_factor"] = 100.0
    read = read_spatial(folder).X.toarray()
    np.testing.assert_array_equal(read[:, :3], data.X.toarray()[:, :3])
    np.testing.assert_allclose(read[:, 3], data.X.toarray()[:, 3] / 100, rtol=1e-6)
