"""Profiles as references: drawn cells have the stated moments and are distinguished from real cells."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation import combine_references, train_celltypist_model
from spatialcore.annotation.comparison import split_held_out
from spatialcore.annotation.references.features import Features
from spatialcore.annotation.references.profiles import (
    CELLS_PER_TYPE,
    DEPTH,
    DEPTH_SPREAD,
    DISPERSION,
    Profiles,
    dispersion_of,
)
from tests.annotation.reference_data import Write, make_reference
from tests.annotation.references.profile_data import GENES, SHARES, TYPES, table


def profiles(n_cells: list[int] | None = None, labels: list[str] = TYPES, dispersion: float = DISPERSION) -> Profiles:
    counts = None if n_cells is None else np.array(n_cells)
    features = Features(GENES, [""] * len(GENES))
    return Profiles(labels, features, SHARES.astype(np.float32), np.full(3, dispersion), counts, {}, {})


def test_drawn_cells_have_the_stated_moments() -> None:
    drawn = profiles(dispersion=0.4).draw(np.zeros(40_000, dtype=np.int64), np.arange(6), 0).toarray()
    spread = np.exp(DEPTH_SPREAD**2)  # E[d^2] / E[d]^2 of a log-normal
    mean = DEPTH * np.sqrt(spread) * SHARES[0]
    np.testing.assert_allclose(drawn.mean(axis=0), mean, rtol=0.05)
    variance = mean + mean**2 * (spread * 1.4 - 1)
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=0.1)


def test_the_draw_depends_only_on_the_seed() -> None:
    cells, genes = np.array([0, 0, 1, 2]), np.array([4, 1])
    one, repeated, other = (profiles().draw(cells, genes, seed).toarray() for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, repeated)
    assert (one != other).any()


def test_cells_of_a_type_are_drawn_from_its_profiles_in_proportion() -> None:
    read = profiles(n_cells=[900, 100, 5], labels=["neuron", "neuron", "glia"])
    assert list(np.bincount(read.cells())) == [180, 20, 5]
    assert list(np.bincount(profiles().cells())) == [CELLS_PER_TYPE] * 3


def test_dispersion_is_recovered_from_drawn_cells() -> None:
    rng = np.random.default_rng(0)
    mean = rng.gamma(0.5, 4, 400)
    counts = rng.poisson(mean * rng.gamma(1 / 0.6, 0.6, (3000, 400)))
    fitted = dispersion_of(counts.mean(axis=0)[None], counts.std(axis=0)[None])
    assert fitted[0] == pytest.approx(0.6, abs=0.08)


def test_profiles_and_cells_are_combined_and_distinguished(write: Write, tmp_path: Path) -> None:
    table().to_csv(tmp_path / "profiles.csv")
    cells = make_reference(genes=GENES, labels=["neuron"] * 40 + ["microglial cell"] * 40)
    combined = combine_references([tmp_path / "profiles.csv", write(cells, "cells.h5ad")], ["cell_type"])
    kinds = pd.crosstab(combined.obs["reference_source"], combined.obs["reference_kind"])
    assert kinds.loc["profiles", "profiles"] == 3 * CELLS_PER_TYPE
    assert kinds.loc["cells", "cells"] == 80
    entries = {entry["source"]: entry for entry in json.loads(combined.uns["spatialcore_references"])}
    assert entries["profiles"]["counts"]["kind"] == "drawn"
    assert entries["profiles"]["profiles"]["dispersion"] == DISPERSION
    assert entries["cells"]["profiles"] is None


def test_held_out_figures_are_of_real_cells(write: Write, tmp_path: Path) -> None:
    table().to_csv(tmp_path / "profiles.csv")
    cells = make_reference(genes=GENES, labels=["neuron"] * 60 + ["microglial cell"] * 60)
    both = combine_references([tmp_path / "profiles.csv", write(cells, "cells.h5ad")], ["cell_type"])
    alone = combine_references([tmp_path / "profiles.csv"], ["cell_type"])
    mixed, drawn = (
        train_celltypist_model(data, "original_label", trainer="logistic")["model"].metadata["heldout"]
        for data in (both, alone)
    )
    assert "cells_from" not in mixed
    assert mixed["cells"] == {"astrocyte": 0, "microglial cell": 60, "neuron": 60, "oligodendrocyte": 0}
    assert set(mixed["f1"]) == {"microglial cell", "neuron"}
    assert drawn["cells_from"] == "profiles"
    assert sum(drawn["cells"].values()) == 3 * CELLS_PER_TYPE
    assert (split_held_out(both, 0.5)[1].obs["reference_kind"] == "cells").all()
    assert split_held_out(alone, 0.5)[1].n_obs > 0
