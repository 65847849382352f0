"""Levels of a reference's taxonomy, from its columns through the model to the calls."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation import annotate_celltypist, combine_references, train_and_annotate
from spatialcore.annotation.taxonomy import describe_levels
from spatialcore.errors import InputError, LabelColumnError
from tests.annotation.reference_data import Write, make_reference
from tests.annotation.references.profile_data import GENES, write_statistics

SUBTYPES = ["Sst Myh8_2"] * 60 + ["Sst Calb2"] * 60 + ["L5 ET_1"] * 60 + ["Astro Aqp4"] * 60
CLASSES = {"Sst": "GABA", "L5": "Glut", "Astro": "NN"}
PANEL = ["Sst", "Calb2", "Myh8", "Fezf2", "Slc17a7", "Aqp4", "Gja1", "Gad1", "Plp1", "Mog", "Vip", "Lamp5"]


def reference() -> ad.AnnData:
    adata = make_reference(labels=SUBTYPES, genes=PANEL)
    rng = np.random.default_rng(3)
    types, codes = np.unique(SUBTYPES, return_inverse=True)
    adata.X = rng.poisson(rng.gamma(0.5, 8, (len(types), len(PANEL)))[codes]).astype(np.float32)
    adata.obs["subclass"] = [label.split()[0] for label in SUBTYPES]
    adata.obs["class"] = [CLASSES[label.split()[0]] for label in SUBTYPES]
    return adata


def test_a_class_has_the_name_shared_by_its_cells() -> None:
    obs = pd.DataFrame({"reference_level_class": ["a"] * 19 + ["b"] + ["a", "b", None, ""], "other": 1})
    classes = pd.Series(["x"] * 20 + ["y", "y", "z", "z"])
    assert describe_levels(obs, classes) == {"class": {"x": "a"}}
    assert describe_levels(obs[["other"]], classes) == {}


def test_levels_are_added_to_calls_and_labels_keep_their_names(write: Write, tmp_path: Path) -> None:
    adata = reference()
    query = ad.AnnData(adata.X.copy(), var=adata.var.copy())
    query.obs_names = [f"q{i}" for i in range(query.n_obs)]
    model = tmp_path / "m.pkl"
    options = {"label_columns": ["cell_type"], "generate_plots": False, "taxonomy_levels": ["class", "subclass"]}
    train_and_annotate(query, [write(adata)], "cortex", model_output=model, class_names="labels", **options)
    predicted = query.obs["cell_type_predicted"].astype(str)
    assert set(predicted) <= set(SUBTYPES)
    assert (predicted.to_numpy() == np.array(SUBTYPES)).mean() > 0.9
    assert list(query.obs["cell_type_taxonomy_subclass"]) == [name.split()[0] for name in predicted]
    assert list(query.obs["cell_type_taxonomy_class"]) == [CLASSES[name.split()[0]] for name in predicted]
    ids = dict(zip(predicted, query.obs["cell_type_ontology_term_id"].astype(str), strict=True))
    assert ids["Sst Myh8_2"] == ids["Sst Calb2"] == "CL:4023017"
    repeated = annotate_celltypist(ad.AnnData(query.X.copy(), var=query.var.copy()), custom_model_path=model)
    assert list(repeated.obs["cell_type_taxonomy_class"]) == list(query.obs["cell_type_taxonomy_class"])


def test_ontology_names_merge_subtypes_and_retain_shared_levels(write: Write) -> None:
    adata = reference()
    query = ad.AnnData(adata.X.copy(), var=adata.var.copy())
    train_and_annotate(
        query, [write(adata)], "cortex", ["cell_type"], generate_plots=False, taxonomy_levels=["subclass"]
    )
    names = query.obs.groupby("cell_type_predicted", observed=True)["cell_type_taxonomy_subclass"].unique()
    assert list(names["sst GABAergic interneuron"]) == ["Sst"]


def test_levels_that_are_in_no_reference_are_refused(write: Write) -> None:
    with pytest.raises(LabelColumnError, match="no reference has a column for the taxonomy level 'supertype'"):
        combine_references([write(reference())], ["cell_type"], taxonomy_levels=["class", "supertype"])
    with pytest.raises(InputError, match="taxonomy_levels"):
        train_and_annotate(reference(), ["r.h5ad"], "cortex", ["cell_type"], taxonomy_levels="class")


def test_levels_of_statistics_and_of_one_reference_only(write: Write, tmp_path: Path) -> None:
    cells = make_reference(genes=GENES, labels=["neuron"] * 40 + ["glia"] * 40)
    statistics = write_statistics(tmp_path / "stats.h5")
    combined = combine_references(
        [statistics, write(cells)], ["subclass", "cell_type"], taxonomy_levels=["class", "cluster"]
    )
    obs = combined.obs.astype(object)
    drawn = obs[obs["reference_kind"] == "profiles"]
    assert set(zip(drawn["original_label"], drawn["reference_level_class"], strict=True)) == {
        ("L5 ET CTX Glut", "IT-ET Glut"),
        ("Astro", "NN"),
        ("Oligo", "NN"),
    }
    assert set(drawn["reference_level_cluster"]) == {"k0", "k1", "k2", "k3"}
    assert obs.loc[obs["reference_kind"] == "cells", "reference_level_class"].isna().all()
