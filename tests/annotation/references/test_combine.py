"""Several references are combined; the original counts are the oracle, and every dropped cell is reported."""

import json
import logging
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
import scipy.sparse as sp

from spatialcore.annotation import DEFAULT_EXCLUDE_LABELS, combine_references
from spatialcore.annotation.references.reference import source_names
from spatialcore.errors import InputError, LabelColumnError, NormalizationError
from tests.annotation.reference_data import GENES, LABELS, Write, make_reference

CL = "cell_type_ontology_term_id"


def manifest(combined: ad.AnnData) -> list[dict[str, Any]]:
    return json.loads(combined.uns["spatialcore_references"])


def counted(combined: ad.AnnData, column: str = "original_label") -> dict[str, int]:
    return {str(name): int(n) for name, n in combined.obs[column].value_counts().items() if n}


def codes(manifest_entry: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in manifest_entry["findings"]}


@pytest.mark.parametrize("states", [("raw", "raw"), ("raw", "log1p_10k"), ("log1p_10k", "log1p_cpm")])
def test_all_references_are_on_one_scale_over_the_panel(states: tuple[str, str], write: Write) -> None:
    """A reference normalized over the genome is scaled to 10,000 over the panel, as if from its counts."""
    references = [make_reference(i, state=state) for i, state in enumerate(states)]
    paths = [write(reference, f"{i}.h5ad") for i, reference in enumerate(references)]
    combined = combine_references(paths, ["cell_type"], target_genes=GENES[5:15])
    for i, reference in enumerate(references):
        of_source = combined[combined.obs["reference_source"] == str(i)]
        rows = [int(name.split("-")[0].removeprefix("cell")) for name in of_source.obs_names]
        truth = ad.AnnData(sp.csr_matrix(reference.uns["truth"][rows][:, 5:15]))
        np.testing.assert_array_equal(of_source.layers["counts"].toarray(), truth.X.toarray())
        sc.pp.normalize_total(truth, target_sum=1e4)
        sc.pp.log1p(truth)
        np.testing.assert_allclose(of_source.X.toarray(), truth.X.toarray(), rtol=1e-5)
    assert [entry["counts"]["kind"] for entry in manifest(combined)] == [
        "raw" if state == "raw" else "recovered" for state in states
    ]


def test_without_normalization_x_has_the_counts(write: Write) -> None:
    combined = combine_references([write()], ["cell_type"], normalize_data=False)
    assert (combined.layers["counts"] != combined.X).nnz == 0


def test_the_columns_of_the_schema(write: Write) -> None:
    combined = combine_references([write(), write(name="other.h5ad")], ["cell_type", "cell_type"])
    assert list(combined.obs.columns) == ["original_label", "reference_source"]
    assert all(isinstance(combined.obs[c].dtype, pd.CategoricalDtype) for c in combined.obs)
    assert combined.obs_names.is_unique
    assert counted(combined, "reference_source") == {"ref": 140, "other": 140}
    renamed = combine_references([write()], ["cell_type"], output_column="label")
    assert list(renamed.obs.columns) == ["label", "reference_source"]


def test_label_columns_are_shared_or_per_reference(write: Write) -> None:
    second = make_reference(1)
    second.obs = second.obs.rename(columns={"cell_type": "annotation"})
    combined = combine_references([write(), write(second, "b.h5ad")], ["cell_type", "annotation"])
    assert counted(combined)["B cell"] == 120


def test_ambiguous_and_small_types_are_dropped_and_recorded(write: Write) -> None:
    full = make_reference()
    full.obs.loc[full.obs_names[:3], "cell_type"] = np.nan
    combined = combine_references([write(full)], ["cell_type"])
    assert counted(combined) == {"B cell": 57, "T cell": 50, "NK cell": 30}
    (entry,) = manifest(combined)
    assert {(one["label"], one["reason"], one["n_cells"]) for one in entry["dropped"]} == {
        (None, "no label", 3),
        ("doublet", "excluded label", 5),
        ("Unknown", "excluded label", 7),
        ("mast cell", "fewer than 10 cells", 4),
    }
    assert entry["n_cells"] == entry["n_kept"] + sum(one["n_cells"] for one in entry["dropped"])
    assert entry["kept"] == counted(combined)


def test_exclusion_is_exact_and_can_be_turned_off_or_extended(write: Write) -> None:
    labels = ["unknown cells"] * 20 + ["UNKNOWN"] * 20 + ["uNknown"] * 20 + ["debris"] * 20
    path = write(make_reference(labels=labels))
    assert set(counted(combine_references([path], ["cell_type"]))) == {"unknown cells", "uNknown", "debris"}
    assert set(counted(combine_references([path], ["cell_type"], exclude_labels=[]))) == set(labels)
    more = combine_references([path], ["cell_type"], exclude_labels=[*DEFAULT_EXCLUDE_LABELS, "debris"])
    assert set(counted(more)) == {"unknown cells", "uNknown"}


def test_the_list_of_the_specification() -> None:
    assert [
        *("unknown", "Unknown", "UNKNOWN", "unassigned", "Unassigned", "na", "NA", "N/A", "n/a"),
        *("none", "None", "null", "doublet", "Doublet", "low quality", "Low quality"),
    ] == DEFAULT_EXCLUDE_LABELS


def test_small_types_can_be_retained_with_a_warning(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "spatialcore"):
        combined = combine_references([write()], ["cell_type"], filter_min_cells=False)
    assert counted(combined)["mast cell"] == 4
    assert "mast cell" in caplog.text


def test_sizes_of_types_are_counted_over_all_references(write: Write) -> None:
    labels = ["B cell"] * 30 + ["mast cell"] * 6
    paths = [write(make_reference(i, labels), f"{i}.h5ad") for i in range(2)]
    assert counted(combine_references(paths, ["cell_type"]))["mast cell"] == 12


def test_max_cells_per_reference_with_a_floor_for_each_type(write: Write) -> None:
    labels = ["B cell"] * 900 + ["T cell"] * 90 + ["rare"] * 12
    combined = combine_references([write(make_reference(labels=labels))], ["cell_type"], max_cells_per_ref=100)
    assert combined.n_obs == 100
    assert counted(combined)["rare"] == 10
    assert counted(combined)["T cell"] >= 10


def test_curated_ids_are_retained_if_another_reference_has_none(write: Write) -> None:
    curated = make_reference()
    ids = {"B cell": "CL:0000236", "T cell": "CL:0000084", "NK cell": "unknown", "mast cell": "UBERON:0002048"}
    curated.obs[CL] = curated.obs["cell_type"].map(ids)
    combined = combine_references([write(curated, "a.h5ad"), write(make_reference(1), "b.h5ad")], ["cell_type"])
    by_source = combined.obs.groupby(["reference_source", "original_label"], observed=True)[CL].agg(set)
    assert by_source["a", "B cell"] == {"CL:0000236"}
    assert by_source["a", "NK cell"] == {""}
    assert by_source["b", "B cell"] == {""}
    assert "not_cell_ontology" not in codes(manifest(combined)[1])


def test_ids_that_are_not_cell_types_are_reported(write: Write) -> None:
    curated = make_reference()
    curated.obs[CL] = "PATO:0000461"
    combined = combine_references([write(curated)], ["cell_type"])
    assert set(combined.obs[CL]) == {""}
    assert "not_cell_ontology" in codes(manifest(combined)[0])


def test_files_of_one_name_in_two_folders_are_two_sources(write: Write) -> None:
    paths = [write(make_reference(i), f"{folder}/ref.h5ad") for i, folder in enumerate("ab")]
    combined = combine_references(paths, ["cell_type"])
    assert counted(combined, "reference_source") == {"a/ref": 140, "b/ref": 140}
    assert combined.obs_names.is_unique


def test_the_same_file_twice_is_two_sources(write: Write) -> None:
    assert len(counted(combine_references([write(), write()], ["cell_type"]), "reference_source")) == 2


def test_names_of_sources() -> None:
    assert source_names([Path("/x/a/r.h5ad"), Path("/y/a/r.h5ad"), Path("/y/b/r.zarr")]) == ["x/a/r", "y/a/r", "b/r"]


@pytest.mark.parametrize("state", ["negative", "log1p_other"])
def test_a_reference_without_counts_and_scale_is_refused(state: str, write: Write) -> None:
    rng = np.random.default_rng(0)
    unusual = make_reference()
    unusual.X = rng.normal(size=unusual.shape) if state == "negative" else np.log1p(rng.gamma(1, 50, unusual.shape))
    path = write(unusual, "odd.h5ad")
    with pytest.raises(NormalizationError, match=r"Cannot safely normalize data of odd\.h5ad"):
        combine_references([path], ["cell_type"])
    if state != "negative":
        combined = combine_references([path], ["cell_type"], unsafe_force=True)
        assert manifest(combined)[0]["counts"]["kind"] == "pseudo"


def test_runs_are_repeatable_byte_for_byte(write: Write) -> None:
    paths = [write(make_reference(i), f"{i}.h5ad") for i in range(2)]
    first, second = (combine_references(paths, ["cell_type"], max_cells_per_ref=60) for _ in range(2))
    assert list(first.obs_names) == list(second.obs_names)
    assert (first.X != second.X).nnz == 0
    assert first.uns == second.uns
    other = combine_references(paths, ["cell_type"], max_cells_per_ref=60, random_state=1)
    assert set(other.obs_names) != set(first.obs_names)


def test_uris_are_fetched(write: Write, tmp_path: Path) -> None:
    path = write()
    combined = combine_references([f"file://{path}"], ["cell_type"], cache_dir=tmp_path / "cache")
    assert manifest(combined)[0]["uri"] == f"file://{path}"
    assert combined.n_obs == 140


def test_the_digest_is_that_of_the_file(write: Write) -> None:
    import hashlib

    path = write()
    entry = manifest(combine_references([path], ["cell_type"]))[0]
    assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert entry["size"] == path.stat().st_size
    assert manifest(combine_references([path], ["cell_type"], checksum=False))[0]["sha256"] is None


def test_the_result_can_be_written_and_read(write: Write, tmp_path: Path) -> None:
    combined = combine_references([write()], ["cell_type"])
    combined.write_h5ad(tmp_path / "c.h5ad")
    repeated = ad.read_h5ad(tmp_path / "c.h5ad")
    assert repeated.uns["spatialcore_references"] == combined.uns["spatialcore_references"]


FINDINGS = {
    "cluster_numbers": ["0"] * 20 + ["1"] * 20 + ["leiden 3"] * 20,
    "ontology_ids": ["CL:0000236"] * 30 + ["CL:0000084"] * 30,
    "spellings": ["B cell"] * 20 + ["b cell"] * 20 + ["T cell"] * 20,
    "many_types": [f"type {'abcdefghij'[i % 10]}{i} x" for i in range(501) for _ in range(10)],
}


@pytest.mark.parametrize("code", FINDINGS)
def test_findings_in_a_label_column_are_recorded_and_errors_if_strict(code: str, write: Write) -> None:
    path = write(make_reference(labels=FINDINGS[code]))
    assert code in codes(manifest(combine_references([path], ["cell_type"]))[0])
    with pytest.raises(LabelColumnError, match="column 'cell_type'"):
        combine_references([path], ["cell_type"], strict_validation=True)
    silent = combine_references([path], ["cell_type"], strict_validation=True, validate_labels=False)
    assert code not in codes(manifest(silent)[0])


def test_clean_labels_pass_the_strict_validation(write: Write) -> None:
    combined = combine_references([write(make_reference(labels=LABELS[:140]))], ["cell_type"], strict_validation=True)
    assert manifest(combined)[0]["findings"] == []


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("reference_paths", "ref.h5ad"),
        ("reference_paths", Path("ref.h5ad")),
        ("reference_paths", []),
        ("reference_paths", 5),
        ("label_columns", "cell_type"),
        ("label_columns", []),
        ("label_columns", ["a", "b", "c"]),
        ("max_cells_per_ref", -1),
        ("max_cells_per_ref", 0),
        ("max_cells_per_ref", 1.5),
        ("min_cells_per_type", -1),
        ("min_gene_overlap_pct", 101),
        ("min_gene_overlap_pct", float("nan")),
        ("random_state", -1),
        ("target_genes", "CD4"),
        ("target_genes", []),
        ("exclude_labels", "Unknown"),
    ],
)
def test_values_are_checked_before_any_file_is_opened(argument: str, value: Any) -> None:
    arguments = {"reference_paths": ["absent.h5ad"], "label_columns": ["cell_type"], argument: value}
    with pytest.raises(InputError, match=argument):
        combine_references(**arguments)
