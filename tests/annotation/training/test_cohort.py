"""One model for several samples, each with its depth, gene efficiencies, ambient share and calibration."""

import numpy as np
import pytest
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.core.normalization import row_totals
from spatialcore.simulate import section
from tests.annotation.cohort_data import call, train


def macro_f1(truth: np.ndarray, called: np.ndarray) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(truth, called, average="macro", zero_division=0))


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    bins = np.minimum((confidence * 10).astype(int), 9)
    return float(
        sum(abs(confidence[bins == k].mean() - right[bins == k].mean()) * (bins == k).mean() for k in np.unique(bins))
    )


def test_each_sample_is_called_as_accurately_as_by_a_separate_model(
    cohort_reference: AnnData, samples: dict[str, AnnData], cohort_model: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = str(tmp_path_factory.mktemp("single") / "model.pkl")
    together, alone, errors = [], [], []
    for sample in samples.values():
        truth = sample.obs["true_cell_type"].astype(str).to_numpy()
        called = call(sample, cohort_model)
        names = called.obs[columns.PREDICTED].astype(str).to_numpy()
        together.append(macro_f1(truth, names))
        errors.append(calibration_error(called.obs[columns.CONFIDENCE].to_numpy(), names == truth))
        train_celltypist_model(cohort_reference, "cell_type", output_path=path, trainer="logistic", query=sample)
        alone.append(macro_f1(truth, call(sample, path).obs[columns.PREDICTED].astype(str).to_numpy()))
    assert max(errors) < 0.06  # with 400 cells, .02 is chance
    assert np.mean(together) > np.mean(alone) - 0.005


def test_each_sample_has_a_depth_and_an_ambient_share(samples: dict[str, AnnData], cohort_model: str) -> None:
    cohort = load_model(cohort_model).cohort
    assert cohort is not None
    depth = {sample.name: sample.platform["median_depth"] for sample in cohort.samples}
    ambient = {sample.name: sample.platform["ambient_share"] for sample in cohort.samples}
    assert depth == {name: float(np.median(row_totals(sample.X))) for name, sample in samples.items()}
    for shallow, deep in zip(list(samples)[::2], list(samples)[1::2], strict=True):
        assert ambient[shallow] < ambient[deep]
    assert [sample.unlike for sample in cohort.samples] == [""] * 8


def test_a_model_does_not_depend_on_the_order_of_the_samples(
    cohort_reference: AnnData, samples: dict[str, AnnData], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = str(tmp_path_factory.mktemp("reversed") / "model.pkl")
    chosen = {name: samples[name] for name in ("sample 1", "sample 4", "sample 6")}
    first = train(cohort_reference, chosen, str(tmp_path_factory.mktemp("first") / "model.pkl"))
    second = train(cohort_reference, dict(reversed(chosen.items())), path)
    assert load_model(first).sha256 == load_model(second).sha256


def test_a_sample_with_other_gene_efficiencies_is_named(
    cohort_reference: AnnData,
    samples: dict[str, AnnData],
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    foreign = section(cohort_reference, layout="mixed", depth=120, n_cells=400, efficiency_spread=2.5, random_state=99)
    others = {name: samples[name] for name in ("sample 2", "sample 3", "sample 5")}
    train(cohort_reference, {**others, "foreign": foreign}, str(tmp_path_factory.mktemp("foreign") / "model.pkl"))
    assert "sample foreign differs from the others: gene efficiencies differ" in caplog.text
    assert caplog.text.count("differs from the others") == 1
