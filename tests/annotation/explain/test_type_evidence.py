"""Genes for and against the calls of each type, compared with explanations of single cells."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation import annotate_celltypist, explain_calls, load_model
from spatialcore.annotation.explain import type_evidence as module
from spatialcore.annotation.explain.type_evidence import CELLS_PER_TYPE, N_GENES, type_evidence
from spatialcore.annotation.query import open_query

Simulated = tuple[AnnData, AnnData, np.ndarray]


@pytest.fixture
def annotated(simulated: Simulated, trained: Path) -> AnnData:
    cells = simulated[1][:300].copy()
    return annotate_celltypist(cells, custom_model_path=trained, confidence_transform="calibrated")


def test_contributions_are_means_over_the_cells_of_the_type(annotated: AnnData) -> None:
    table = pd.DataFrame(json.loads(annotated.uns[columns.MANIFEST]["gene_evidence_json"]))
    of_type = table[table["cell_type"] == "type 2"].set_index("gene")
    cells = annotated.obs_names[annotated.obs[columns.PREDICTED].astype(str) == "type 2"]
    assert len(cells) <= CELLS_PER_TYPE  # all of them are used
    explained = explain_calls(annotated, cells)
    means = explained.groupby("gene")["contribution"].mean()
    np.testing.assert_allclose(of_type["contribution"], means.loc[of_type.index], atol=1e-4)
    detected = (annotated[cells].X > 0).mean(axis=0)
    by_gene = pd.Series(np.asarray(detected).ravel(), index=annotated.var_names)
    np.testing.assert_allclose(of_type["detected"], by_gene.loc[of_type.index], atol=1e-4)
    assert (of_type["n_cells"] == len(cells)).all()


def test_roles_signs_and_numbers_of_genes(annotated: AnnData) -> None:
    table = pd.DataFrame(json.loads(annotated.uns[columns.MANIFEST]["gene_evidence_json"]))
    assert table["cell_type"].nunique() == 5
    assert (table.loc[table["role"] == "expressed", "contribution"] > 0).all()
    assert (table.loc[table["role"] != "expressed", "contribution"] < 0).all()
    for (_, role), rows in table.groupby(["cell_type", "role"]):
        assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
        assert len(rows) <= N_GENES[role]
    assert table["expected"].between(0, 1).all()


def test_a_marker_without_counts_is_missing(simulated: Simulated, trained: Path, annotated: AnnData) -> None:
    table = pd.DataFrame(json.loads(annotated.uns[columns.MANIFEST]["gene_evidence_json"]))
    top = table[(table["cell_type"] == "type 1") & (table["role"] == "expressed")]["gene"].iloc[0]
    query = simulated[1][:300].copy()
    counts = query.X.tolil()
    counts[:, query.var_names.get_loc(top)] = 0
    query.X = counts.tocsr()
    model = load_model(trained)
    best = annotated.obsm[columns.DECISION_SCORES].argmax(axis=1)
    evidence = type_evidence(model, open_query(query, model.genes), best, "calibrated")
    missing = evidence[(evidence["role"] == "missing") & (evidence["gene"] == top)]
    assert (missing["detected"] == 0).all()
    assert "type 1" in set(missing["cell_type"])


def test_cells_without_calls_give_an_empty_table(simulated: Simulated, trained: Path) -> None:
    model = load_model(trained)
    query = open_query(simulated[1], model.genes)
    assert type_evidence(model, query, np.full(simulated[1].n_obs, -1, dtype=np.int32), "calibrated").empty


def test_cells_read_in_groups_of_types_give_the_same_table(
    annotated: AnnData, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(trained)
    query, best = open_query(annotated, model.genes), annotated.obsm[columns.DECISION_SCORES].argmax(axis=1)
    full = type_evidence(model, query, best, "calibrated")
    monkeypatch.setattr(module, "CELLS_AT_ONCE", 1)
    pd.testing.assert_frame_equal(type_evidence(model, query, best, "calibrated"), full)
