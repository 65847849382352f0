"""User content under every name that a run writes, and a check that results preserve it."""

import numpy as np
from anndata import AnnData

from spatialcore import columns

OBS = (*columns.CALL_COLUMNS, f"{columns.TAXONOMY}subclass")
OBSM = (columns.DECISION_SCORES, columns.PATH_CONFIDENCE)
UNS = (columns.MANIFEST, columns.LINEAR_MODEL)


def add_user_content(adata: AnnData) -> AnnData:
    """Add texts, numbers and arrays under all names that a run writes."""
    for number, name in enumerate(OBS):
        is_text = number % 2
        adata.obs[name] = [f"mine {i % 3}" if is_text else number + i / 10 for i in range(adata.n_obs)]
    for name in OBSM:
        adata.obsm[name] = np.full((adata.n_obs, 2), 7.0)
    adata.uns[columns.MANIFEST] = "notes of the authors"
    adata.uns[columns.LINEAR_MODEL] = {"author": "someone"}
    adata.uns["cell_type_colors"] = np.array(["#ff0000"], dtype=object)
    adata.layers["purified"] = adata.X.copy()
    return adata


def check_user_content(result: AnnData, query: AnnData) -> None:
    """Check that the user's content is under the suffix, and that the results are under the plain names."""
    for name in OBS:
        assert list(result.obs[f"{name}_before"]) == list(query.obs[name]), name
    for name in OBSM:
        np.testing.assert_array_equal(result.obsm[f"{name}_before"], query.obsm[name])
    assert result.uns[f"{columns.MANIFEST}_before"] == "notes of the authors"
    assert result.uns[f"{columns.LINEAR_MODEL}_before"] == {"author": "someone"}
    assert list(result.uns["cell_type_before_colors"]) == ["#ff0000"]
    assert "model_sha256" in result.uns[columns.MANIFEST]
    assert not result.obs[columns.CELL_TYPE].astype(str).str.startswith("mine").any()
    assert result.obs[columns.CONFIDENCE].between(0, 1).all()
