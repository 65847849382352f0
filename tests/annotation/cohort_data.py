"""Eight simulated samples of one panel with different depth and ambient share, their reference, and one model."""

from types import SimpleNamespace

import numpy as np
import pytest
from anndata import AnnData

from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.config import AnnotationSettings
from spatialcore.annotation.pooled_queries import pool_queries
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.simulate import section

DEPTHS = (75.0, 120.0, 190.0, 300.0)
AMBIENT = (0.05, 0.25)
N_GENES = 60
N_TYPES = 5


@pytest.fixture(scope="session")
def cohort_reference() -> AnnData:
    rng = np.random.default_rng(1)
    shares = rng.gamma(0.5, size=(N_TYPES, N_GENES)) + 0.02
    shares /= shares.sum(axis=1, keepdims=True)
    types = np.repeat(np.arange(N_TYPES), 100)
    cells = shares[types] * rng.gamma(4, 0.25, (len(types), N_GENES))
    counts = rng.poisson(1500 * cells / cells.sum(axis=1, keepdims=True)).astype(np.float32)
    adata = AnnData(counts)
    adata.obs["cell_type"] = [f"type {t}" for t in types]
    adata.var_names = [f"SYMBOL{g}" for g in range(N_GENES)]
    return adata


@pytest.fixture(scope="session")
def samples(cohort_reference: AnnData) -> dict[str, AnnData]:
    grid = [(depth, ambient) for depth in DEPTHS for ambient in AMBIENT]
    return {
        f"sample {i}": section(
            cohort_reference,
            layout="mixed",
            spill_share=0.0,
            depth=depth,
            ambient_share=ambient,
            n_cells=400,
            random_state=i,
        )
        for i, (depth, ambient) in enumerate(grid)
    }


class NamedQueries(AnnotationSettings):
    """Settings with the names of the samples, as in a run."""

    names: tuple[str, ...]

    @property
    def queries(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name=name) for name in self.names]


def train(reference: AnnData, samples: dict[str, AnnData], path: str) -> str:
    pooled = pool_queries(samples.values(), NamedQueries(names=tuple(samples))).sample
    train_celltypist_model(reference, "cell_type", output_path=path, trainer="logistic", query=pooled)
    return path


@pytest.fixture(scope="session")
def cohort_model(
    cohort_reference: AnnData, samples: dict[str, AnnData], tmp_path_factory: pytest.TempPathFactory
) -> str:
    return train(cohort_reference, samples, str(tmp_path_factory.mktemp("cohort") / "model.pkl"))


def call(sample: AnnData, model: str) -> AnnData:
    return annotate_celltypist(sample, custom_model_path=model, confidence_transform="calibrated", copy=True)
