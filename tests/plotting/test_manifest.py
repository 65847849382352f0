"""Reading the run manifest."""

import anndata as ad

from spatialcore import columns
from spatialcore.plotting.manifest import held_out_scores, manifest_table, manifest_value, model_card, records


def test_values_of_a_run(sample: ad.AnnData) -> None:
    assert manifest_value(sample, "n_model_genes") == 26
    assert manifest_value(sample, "config_json")["tissue"] == "lymph node"
    assert manifest_table(sample, "label_mapping_json")["input_label"].tolist() == ["B", "mystery"]
    assert model_card(sample)["training"]["n_cells"] == 300
    assert held_out_scores(sample)["f1"]["T cell"] == 0.77


def test_data_without_a_manifest(tissue: ad.AnnData) -> None:
    assert manifest_value(tissue, "config_json") is None
    assert manifest_table(tissue, "label_mapping_json").empty
    assert model_card(tissue) == held_out_scores(tissue) == {}
    tissue.uns[columns.MANIFEST] = "not a mapping"
    assert manifest_value(tissue, "query") is None


def test_records_are_rows(sample: ad.AnnData) -> None:
    rows = records(manifest_table(sample, "reference_composition_json"))
    assert rows[0] == {"cell_type": "B cell", "source": "atlas", "before": 160, "after": 100}
