"""Human and mouse references and panels: accepted, refused, or combined through orthologs."""

import json
from typing import Any

import anndata as ad
import numpy as np
import pytest

from spatialcore.annotation import combine_references
from spatialcore.annotation.config import TrainingConfig
from spatialcore.annotation.pooled_queries import pool_queries
from spatialcore.annotation.references.species import read_species
from spatialcore.annotation.run_config import RunConfig
from spatialcore.core.genes.tables import orthologs
from spatialcore.errors import InputError, SpeciesError
from tests.annotation.reference_data import Write, make_reference

HUMAN = ["GAD1", "SLC17A7", "PVALB", "SST", "VIP", "AQP4", "MOG", "PLP1", "HLA-A", "TP53", "GFAP", "CALB2"]
MOUSE = [orthologs("human", "mouse").get(gene, "H2-K1") for gene in HUMAN]


def entry(combined: ad.AnnData) -> dict[str, Any]:
    return json.loads(combined.uns["spatialcore_references"])[0]


def test_a_reference_of_the_other_species_is_refused_by_name(write: Write) -> None:
    path = write(make_reference(genes=HUMAN), "atlas.h5ad")
    with pytest.raises(SpeciesError, match=r"reference atlas is human \(GAD1.*the query is mouse") as error:
        combine_references([path], ["cell_type"], target_genes=MOUSE)
    assert "orthologs: true" in error.value.hint


def test_orthologs_map_counts_to_the_correct_genes(write: Write) -> None:
    reference = make_reference(genes=HUMAN)
    path = write(reference, "atlas.h5ad")
    combined = combine_references([path], ["cell_type"], target_genes=MOUSE, orthologs=True, filter_min_cells=False)
    assert list(combined.var_names) == [gene for gene in MOUSE if gene != "H2-K1"]
    columns = [HUMAN.index(gene) for gene, other in zip(HUMAN, MOUSE, strict=True) if other != "H2-K1"]
    names = [name.rsplit("-", 1)[0] for name in combined.obs_names]
    rows = reference.obs_names.get_indexer(names)
    np.testing.assert_array_equal(combined.layers["counts"].toarray(), reference.uns["truth"][rows][:, columns])
    assert entry(combined)["species"] == "human"
    assert entry(combined)["orthologs"] == {
        "from": "human",
        "to": "mouse",
        "genes": 11,
        "panel_genes": 12,
        "panel_genes_with_ortholog": 11,
    }


def test_a_mouse_reference_for_a_human_panel(write: Write) -> None:
    path = write(make_reference(genes=MOUSE), "atlas.h5ad")
    combined = combine_references([path], ["cell_type"], target_genes=HUMAN, orthologs=True)
    assert list(combined.var_names) == [gene for gene in HUMAN if gene != "HLA-A"]


def test_orthologs_change_nothing_within_a_species(write: Write) -> None:
    path = write(make_reference(genes=MOUSE), "atlas.h5ad")
    one, other = (combine_references([path], ["cell_type"], target_genes=MOUSE, orthologs=on) for on in (False, True))
    np.testing.assert_array_equal(one.X.toarray(), other.X.toarray())
    assert entry(other)["orthologs"] is None


def test_references_of_two_species_without_a_panel(write: Write) -> None:
    paths = [write(make_reference(genes=HUMAN), "a.h5ad"), write(make_reference(genes=MOUSE), "b.h5ad")]
    with pytest.raises(SpeciesError, match="reference b is mouse"):
        combine_references(paths, ["cell_type"])
    assert list(combine_references(paths, ["cell_type"], orthologs=True).var_names) == [
        gene for gene in HUMAN if gene != "HLA-A"
    ]


def test_genes_of_unknown_species_are_accepted(write: Write) -> None:
    combined = combine_references([write(make_reference())], ["cell_type"])
    assert entry(combined)["species"] is None


def test_a_species_setting_that_contradicts_the_genes() -> None:
    assert read_species("q", MOUSE, setting="mouse") == "mouse"
    assert read_species("q", ["x", "y"], setting="mouse") == "mouse"
    with pytest.raises(SpeciesError, match=r"q has 12 human \(GAD1.*species is set to mouse"):
        read_species("q", HUMAN, setting="mouse")
    with pytest.raises(SpeciesError, match="q has genes of two species"):
        read_species("q", [*HUMAN, *MOUSE])
    with pytest.raises(InputError, match="unknown species 'rat'"):
        read_species("q", HUMAN, setting="rat")  # type: ignore[arg-type]


def test_queries_of_two_species_are_named() -> None:
    config = RunConfig(queries=["a/one.h5ad", "b/two.h5ad"], references=["r.h5ad"])  # type: ignore[list-item]
    queries = [make_reference(genes=genes) for genes in (HUMAN, MOUSE)]
    with pytest.raises(SpeciesError, match=r"human: one; mouse: two"):
        pool_queries(queries, config)


def test_the_settings_are_applied_to_the_references() -> None:
    config = TrainingConfig(references=["a"], label_columns=["b"], species="mouse", orthologs=True)
    assert (config.species, config.orthologs) == ("mouse", True)
    with pytest.raises(InputError, match="species"):
        TrainingConfig.from_dict({"references": ["a"], "label_columns": ["b"], "species": "rat"})
