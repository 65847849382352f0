"""Training runs its stages in order; cells are counted by class, and classes without counts are left out."""

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from spatialcore import columns
from spatialcore.annotation import stages
from spatialcore.annotation.config import AnnotationSettings, TrainingConfig
from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.run_manifest import Stopwatch
from spatialcore.errors import InputError, LabelColumnError
from tests.workflow import tissue


def test_training_runs_its_stages_in_order(config: TrainingConfig, tmp_path: Path) -> None:
    query, lines = tissue.query(), []
    watch = Stopwatch()
    record = stages.train_model(
        config, tissue.GENES, query, tmp_path / "new" / "a.pkl", stopwatch=watch, progress=lines.append
    )
    assert list(watch.seconds) == ["references", "ontology", "balance", "training"]
    assert lines == ["reading 1 reference, 60 panel genes", f"training on {record.balanced.n_obs} cells"]
    combined = stages.combine(config, tissue.GENES)
    mapped, result = stages.map_ontology(combined, config)
    balanced = stages.balance(mapped, config)
    assert result is not None
    assert record.mapping is not None
    assert record.mapping.equals(result.table)
    assert balanced.obs_names.equals(record.balanced.obs_names)
    stages.train(balanced, query, config, tmp_path / "b.pkl")
    one, other = load_model(tmp_path / "new" / "a.pkl"), load_model(tmp_path / "b.pkl")
    np.testing.assert_array_equal(one.linear.coef, other.linear.coef)
    assert one.classes == tuple(sorted(tissue.TYPES))
    assert json.loads(record.manifest["reference_composition_json"])[0]["after"] == 30


def mapped_with(labels: list[str], **settings: object) -> ad.AnnData:
    adata = tissue.reference(per_type=1)
    adata.obs[columns.ORIGINAL_LABEL] = labels
    return stages.map_ontology(adata, AnnotationSettings(**settings))[0]  # type: ignore[arg-type]


LABELS = ["B cells", "NK cells", "Mast", "my label 7", "Fibroblasts"]


def test_classes_are_terms_or_else_labels() -> None:
    named = mapped_with(LABELS).obs[columns.UNIFIED_CELL_TYPE].astype(str).tolist()
    assert named == ["B cell", "natural killer cell", "mast cell", "my label 7", "fibroblast"]


@pytest.mark.parametrize("settings", [{"add_ontology": False}, {"class_names": "labels"}])
def test_classes_are_labels_if_set(settings: dict[str, object]) -> None:
    assert mapped_with(LABELS, **settings).obs[columns.UNIFIED_CELL_TYPE].astype(str).tolist() == LABELS


def train_with(labels: list[str], counts: ad.AnnData, folder: Path) -> stages.TrainingRecord:
    counts.obs["cell_type"] = labels
    path = tissue.write_h5ad(counts, folder / "ref.h5ad")
    config = TrainingConfig(references=[path], label_columns=["cell_type"], tissue="lung", generate_plots=False)
    return stages.train_model(config, tissue.GENES, None, folder / "m.pkl")


def test_cells_are_counted_by_class_not_by_label(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    counts = tissue.reference()  # 16 cells of each type
    labels = counts.obs["cell_type"].astype(str).to_list()
    killers = [i for i, label in enumerate(labels) if label == "natural killer cell"]
    for i, position in enumerate(killers):
        labels[position] = "NK cell" if i < 8 else "NK cells"
    record = train_with(labels, counts, tmp_path)
    classes = record.balanced.obs[columns.UNIFIED_CELL_TYPE].value_counts()
    assert classes.to_dict() == dict.fromkeys(tissue.TYPES, 16)
    assert "fewer than 10 cells are left out" not in caplog.text
    assert load_model(tmp_path / "m.pkl").classes == tuple(sorted(tissue.TYPES))


def test_seven_and_two_cells_of_a_class_are_too_few(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    counts = tissue.reference()
    labels = counts.obs["cell_type"].astype(str).to_list()
    killers = [i for i, label in enumerate(labels) if label == "natural killer cell"]
    for i, position in enumerate(killers):
        labels[position] = ["NK cells", "NK cell", "mast cell"][(i >= 7) + (i >= 9)]
    record = train_with(labels, counts, tmp_path)
    assert set(record.balanced.obs[columns.UNIFIED_CELL_TYPE]) == set(tissue.TYPES) - {"natural killer cell"}
    assert "types with fewer than 10 cells are left out: natural killer cell (9)" in caplog.text


@pytest.mark.parametrize("n", [3, 20])
def test_a_class_without_counts_on_the_panel_is_left_out(
    n: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts = tissue.reference()
    other_genes = np.zeros((n, counts.n_vars), dtype=np.float32)
    other_genes[:, len(tissue.GENES) :] = np.random.default_rng(0).poisson(2, (n, 40))
    obs = pd.DataFrame(index=[f"red{i}" for i in range(n)])
    wide = ad.concat([counts, ad.AnnData(sp.csr_matrix(other_genes), obs, counts.var)])
    labels = [*counts.obs["cell_type"].astype(str), *["erythrocyte"] * n]
    record = train_with(labels, wide, tmp_path)
    assert load_model(tmp_path / "m.pkl").classes == tuple(sorted(tissue.TYPES))
    assert record.mapping is not None
    assert "erythrocyte" in record.mapping["name"].to_list()
    reason = "classes without counts on the genes are left out: erythrocyte"
    assert [reason in each.getMessage() for each in caplog.records].count(True) == 1


def test_one_class_with_counts_is_refused_with_or_without_a_matrix(config: TrainingConfig) -> None:
    mapped, _ = stages.map_ontology(stages.combine(config, tissue.GENES), config)
    two = mapped[mapped.obs[columns.UNIFIED_CELL_TYPE].isin(["B cell", "mast cell"])].copy()
    has_counts = (two.obs[columns.UNIFIED_CELL_TYPE] == "B cell").to_numpy()
    two.X = sp.diags(has_counts.astype(np.float32)) @ two.X
    refusal = r"classes without counts on the genes: 1 of 2 \(mast cell\)"
    with pytest.raises(LabelColumnError, match=refusal):
        stages.balance(two, config)
    with pytest.raises(LabelColumnError, match=refusal):
        stages.balance(ad.AnnData(obs=two.obs), config, has_counts=has_counts)


def test_one_class_after_balancing_is_refused(config: TrainingConfig) -> None:
    mapped, _ = stages.map_ontology(stages.combine(config, tissue.GENES), config)
    only = mapped[mapped.obs[columns.UNIFIED_CELL_TYPE] == "B cell"].copy()
    with pytest.raises(InputError, match="only one cell type is left"):
        stages.balance(only, config)
