"""Results and errors of annotate_celltypist, and what it does not change."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.model.artifact import load_model, save_model
from spatialcore.annotation.model.calibration import Calibration
from spatialcore.core.normalization import log1p_normalize
from spatialcore.errors import FileMissingError, GeneOverlapError, InputError, ModelError, NormalizationError
from tests.annotation.conftest import as_adata, simulate

Simulated = tuple[AnnData, AnnData, np.ndarray]


@pytest.fixture
def query(simulated: Simulated) -> AnnData:
    return simulated[1].copy()


def test_every_column_is_written_for_all_cells(query: AnnData, trained: Path) -> None:
    before = query.obs_names.copy()
    result = annotate_celltypist(
        query, custom_model_path=trained, confidence_transform="calibrated", min_confidence=0.8
    )
    assert result is query
    assert (query.obs_names == before).all()
    confidence = query.obs[columns.CONFIDENCE]
    assert confidence.between(0, 1).all()
    unassigned = query.obs[columns.CELL_TYPE] == columns.UNASSIGNED
    assert (unassigned == (confidence < 0.8)).all()
    assert (query.obs.loc[unassigned, columns.UNASSIGNED_REASON] == columns.REASON_LOW_CONFIDENCE).all()
    assert (query.obs.loc[~unassigned, columns.UNASSIGNED_REASON] == "").all()
    assert query.obsm[columns.DECISION_SCORES].shape == (query.n_obs, 5)
    manifest = query.uns[columns.MANIFEST]
    assert json.loads(manifest["model_classes_json"]) == [f"type {i}" for i in range(5)]
    assert manifest["n_unassigned"] == unassigned.sum()
    assert manifest["model_sha256"] == json.loads((trained.parent / "simulated_celltypist.json").read_text())["sha256"]


def test_the_result_can_be_written(query: AnnData, trained: Path, tmp_path: Path) -> None:
    import anndata

    annotate_celltypist(query, custom_model_path=trained)
    query.write_h5ad(tmp_path / "q.h5ad")
    repeated = anndata.read_h5ad(tmp_path / "q.h5ad")
    assert repeated.obs[columns.CELL_TYPE].equals(query.obs[columns.CELL_TYPE])


def test_a_copy_does_not_change_the_input(query: AnnData, trained: Path) -> None:
    result = annotate_celltypist(query, custom_model_path=trained, copy=True)
    assert columns.CELL_TYPE not in query.obs
    assert columns.CELL_TYPE in result.obs


def test_scores_of_an_earlier_run_are_removed(query: AnnData, trained: Path) -> None:
    annotate_celltypist(query, custom_model_path=trained)
    annotate_celltypist(query, custom_model_path=trained, store_decision_scores=False)
    assert columns.DECISION_SCORES not in query.obsm


@pytest.mark.parametrize("method", ["calibrated", "zscore", "softmax", "minmax", "raw", None])
def test_a_cell_without_counts_is_unassigned_with_no_confidence(
    query: AnnData, trained: Path, method: str | None
) -> None:
    X = sparse.lil_matrix(query.X)
    X[[0, 7]] = 0
    query.X = X.tocsr()
    annotate_celltypist(query, custom_model_path=trained, confidence_transform=method, min_confidence=0)
    empty = query.obs.iloc[[0, 7]]
    assert (empty[columns.CELL_TYPE] == columns.UNASSIGNED).all()
    assert (empty[columns.UNASSIGNED_REASON] == columns.REASON_NO_COUNTS).all()
    assert (empty[columns.CONFIDENCE] == 0).all()
    assert (query.obs[columns.CELL_TYPE] == columns.UNASSIGNED).sum() == 2


def test_a_cell_with_stored_zeros_has_no_counts(query: AnnData, trained: Path) -> None:
    X = sparse.csr_matrix(query.X)
    X.data[X.indptr[3] : X.indptr[4]] = 0
    query.X = X
    annotate_celltypist(query, custom_model_path=trained, confidence_transform="calibrated", min_confidence=0)
    assert query.obs[columns.UNASSIGNED_REASON].iloc[3] == columns.REASON_NO_COUNTS
    assert (query.obs[columns.CELL_TYPE] == columns.UNASSIGNED).sum() == 1


def test_name_label_and_id_of_a_row_agree(query: AnnData, trained: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    model = load_model(trained)
    ids = {"type 0": "CL:0000236", "type 1": "CL:0000084"}
    path = save_model(replace(model, ontology_ids=ids), tmp_path / "ids.pkl").path
    annotate_celltypist(query, custom_model_path=path, min_confidence=0)
    pairs = query.obs[[columns.CELL_TYPE, columns.ONTOLOGY_ID, columns.ONTOLOGY_LABEL]].astype(str).drop_duplicates()
    table = dict(zip(pairs[columns.CELL_TYPE], pairs[columns.ONTOLOGY_ID], strict=True))
    assert table == {"type 0": "CL:0000236", "type 1": "CL:0000084", "type 2": "", "type 3": "", "type 4": ""}
    names = {"CL:0000236": "B cell", "CL:0000084": "T cell", "": ""}
    assert pairs[columns.ONTOLOGY_LABEL].tolist() == [names[term] for term in pairs[columns.ONTOLOGY_ID]]


def test_raw_counts_are_found_in_every_place(query: AnnData, trained: Path) -> None:
    expected = annotate_celltypist(query, custom_model_path=trained, copy=True).obs[columns.PREDICTED].astype(str)
    counts = sparse.csr_matrix(query.X)
    wrong = AnnData(log1p_normalize(counts, 1e6), query.obs.copy(), query.var.copy())
    scaled = wrong.copy()
    scaled.X = sparse.csr_matrix(-scaled.X)
    with pytest.raises(NormalizationError, match="Cannot prepare data for CellTypist"):
        annotate_celltypist(scaled, custom_model_path=trained)
    wrong.layers["raw_counts"] = counts
    assert (annotate_celltypist(wrong, custom_model_path=trained).obs[columns.PREDICTED].astype(str) == expected).all()
    del wrong.layers["raw_counts"]
    wrong.raw = AnnData(
        sparse.hstack([counts[:, ::-1], counts[:, :2]], format="csr"),
        var=query.var.iloc[::-1].reindex([*query.var_names[::-1], "x", "y"]),
    )
    assert (annotate_celltypist(wrong, custom_model_path=trained).obs[columns.PREDICTED].astype(str) == expected).all()


def test_voting_assigns_the_majority_of_a_cluster(query: AnnData, trained: Path) -> None:
    plain = annotate_celltypist(query, custom_model_path=trained, copy=True, min_confidence=0)
    names = plain.obs[columns.PREDICTED].astype(str)
    query.obs["cluster"] = np.where(names.isin(["type 0", "type 1"]), "mixed", names)
    voted = annotate_celltypist(
        query, custom_model_path=trained, majority_voting=True, over_clustering="cluster", min_confidence=0
    )
    mixed = voted.obs[columns.CELL_TYPE][query.obs["cluster"] == "mixed"].astype(str)
    assert mixed.nunique() == 1
    assert mixed.iloc[0] == names[names.isin(["type 0", "type 1"])].mode()[0]
    strict = annotate_celltypist(
        query,
        custom_model_path=trained,
        majority_voting=True,
        over_clustering="cluster",
        min_prop=0.99,
        min_confidence=0,
    )
    assert (strict.obs[columns.CELL_TYPE][query.obs["cluster"] == "mixed"] == "Heterogeneous").all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"majority_voting": True}, "requires a valid cluster column"),
        (
            {"majority_voting": True, "batch_size": 10, "over_clustering": "c"},
            "batch_size requires majority_voting=False",
        ),
        ({"batch_size": 0}, "batch_size"),
        ({"min_confidence": 7}, "min_confidence"),
        ({"confidence_transform": "best"}, "confidence_transform"),
    ],
)
def test_invalid_values_are_refused(query: AnnData, trained: Path, options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        annotate_celltypist(query, custom_model_path=trained, **options)


def test_too_few_shared_genes_are_refused_with_their_number(query: AnnData, trained: Path) -> None:
    with pytest.raises(GeneOverlapError, match=r"9 of the model's 80 genes \(100\.0 % of the smaller set\)"):
        annotate_celltypist(query[:, :9].copy(), custom_model_path=trained)
    other = query.copy()
    other.var_names = [f"Q{i}" for i in range(80)]
    with pytest.raises(GeneOverlapError, match=r"No shared genes found.*Q0.*G0"):
        annotate_celltypist(other, custom_model_path=trained)


def test_a_model_without_calibration_is_refused(query: AnnData, recipe: Path) -> None:
    with pytest.raises(ModelError, match="no calibration"):
        annotate_celltypist(query, custom_model_path=recipe, confidence_transform="calibrated")


def test_pretrained_models_are_read_from_the_folder_of_celltypist(
    query: AnnData, recipe: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELLTYPIST_FOLDER", str(tmp_path))
    monkeypatch.setattr("spatialcore.annotation.model.pretrained._download", lambda names, folder: None)
    with pytest.raises(FileMissingError, match=r"Immune_All_Low\.pkl"):
        annotate_celltypist(query)
    with pytest.raises(InputError, match=r"lung"):
        annotate_celltypist(query, tissue="lungg")
    folder = tmp_path / "data" / "models"
    folder.mkdir(parents=True)
    (folder / "Immune_All_Low.pkl").write_bytes(recipe.read_bytes())
    single = annotate_celltypist(query, ensemble_mode=False, copy=True)
    assert columns.DECISION_SCORES in single.obsm
    (folder / "Pan_Fetal_Human.pkl").write_bytes(trained.read_bytes())
    both = annotate_celltypist(query, tissue="blood", copy=True)
    assert columns.DECISION_SCORES not in both.obsm
    alone = annotate_celltypist(query, custom_model_path=trained, copy=True)
    most = np.maximum(single.obs[columns.CONFIDENCE_RAW], alone.obs[columns.CONFIDENCE_RAW])
    np.testing.assert_allclose(both.obs[columns.CONFIDENCE_RAW], most)


def cells_of_another_tissue(query: AnnData) -> AnnData:
    """Return cells with the depth of the query and types that are not in the reference."""
    counts, _, _ = simulate(500, 4, query.n_vars, 120, np.random.default_rng(91))
    other = as_adata(counts, np.zeros(500, dtype=int), logged=False)
    del other.layers[columns.COUNTS]
    return other


def test_confidence_falls_if_the_reference_does_not_fit(
    simulated: Simulated, trained: Path, caplog: pytest.LogCaptureFixture
) -> None:
    annotated = annotate_celltypist(simulated[1].copy(), custom_model_path=trained, confidence_transform="calibrated")
    assert json.loads(annotated.uns[columns.MANIFEST]["reference_fit_json"])["misfit"] == ""
    assert "do not seem to fit" not in caplog.text
    other = annotate_celltypist(
        cells_of_another_tissue(simulated[1]), custom_model_path=trained, confidence_transform="calibrated"
    )
    fit = json.loads(other.uns[columns.MANIFEST]["reference_fit_json"])
    assert fit["explained"] < 0.32
    assert "explain" in fit["misfit"]
    assert "do not seem to fit" in caplog.text
    assert (other.obs[columns.CONFIDENCE] >= 0.8).mean() < 0.05


def test_models_of_earlier_versions_have_no_fit(simulated: Simulated, trained: Path, tmp_path: Path) -> None:
    model = load_model(trained)
    assert model.calibration is not None
    content = model.calibration.to_dict()
    for added in ("judges_fit", "pair_gain_slope"):
        content.pop(added, None)
    old = save_model(replace(model, calibration=Calibration.from_dict(content)), tmp_path / "old.pkl")
    other = annotate_celltypist(
        cells_of_another_tissue(simulated[1]), custom_model_path=old.path, confidence_transform="calibrated"
    )
    assert json.loads(other.uns[columns.MANIFEST]["reference_fit_json"]) == {}


def test_user_content_under_reserved_names_is_moved(query: AnnData, trained: Path) -> None:
    from tests.user_content import add_user_content, check_user_content

    original = add_user_content(query).copy()
    annotate_celltypist(query, custom_model_path=trained, confidence_transform="calibrated")
    check_user_content(query, original)
    n_columns = query.obs.shape[1]
    annotate_celltypist(query, custom_model_path=trained, confidence_transform="calibrated")
    check_user_content(query, original)
    assert query.obs.shape[1] == n_columns  # columns of this package are replaced


@pytest.mark.parametrize(("share", "warned"), [(1.0, False), (0.9, False), (0.5, True)])
def test_missing_genes_of_the_model_are_logged(
    share: float, warned: bool, query: AnnData, trained: Path, caplog: pytest.LogCaptureFixture
) -> None:
    annotate_celltypist(query[:, : int(share * query.n_vars)].copy(), custom_model_path=trained)
    assert ("genes of simulated.pkl" in caplog.text) == warned
