"""The client libraries with a small Census, on disk and on an S3 server."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from spatialcore import columns, storage
from spatialcore.annotation import acquire_reference, combine_references, resolve_uri_to_local
from spatialcore.annotation.acquisition import provenance_of
from spatialcore.errors import FileMissingError, InputError, SpeciesError
from spatialcore.report.tables import references
from spatialcore.sources import download_cellxgene_reference, query_cellxgene_census
from tests.contract import small_census
from tests.contract.servers import BUCKET, web_server

pytest.importorskip("cellxgene_census")


@pytest.fixture(scope="session")
def census_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("census")
    small_census.build(str(folder / "soma"))
    small_census.source_file(folder / "h5ads")
    return folder


@pytest.fixture(scope="session")
def all_cells() -> ad.AnnData:
    return small_census.cells()


@pytest.fixture
def census(census_folder: Path) -> str:
    return str(census_folder / "soma")


@pytest.fixture
def census_on_s3(census_folder: Path, s3: str) -> str:
    root = f"s3://{BUCKET}/{uuid.uuid4().hex}"
    system, target = storage.connect(f"{root}/soma")
    system.put(str(census_folder) + "/", target.path.rpartition("/")[0] + "/", recursive=True)
    return f"{root}/soma"


def matching_cells(all_cells: ad.AnnData) -> ad.AnnData:
    obs = all_cells.obs
    return all_cells[(obs["tissue_general"] == "lung") & (obs["disease"] == "normal") & obs["is_primary_data"]]


def test_matching_cells_are_returned_with_their_counts(census: str, all_cells: ad.AnnData) -> None:
    adata = query_cellxgene_census("lung", "normal", census=census)
    expected = matching_cells(all_cells)
    assert adata.n_obs == expected.n_obs > 50
    assert np.array_equal(adata.X.toarray(), expected.X.toarray())
    assert adata.X.dtype == np.float32
    assert adata.var_names.tolist() == expected.var_names.tolist()
    assert adata.var["feature_name"].tolist() == expected.var["feature_name"].tolist()
    for name in ("cell_type", "cell_type_ontology_term_id", "donor_id", "dataset_id"):
        assert adata.obs[name].astype(str).tolist() == expected.obs[name].astype(str).tolist()


def test_mouse_cells_are_selected_by_organism(census: str) -> None:
    adata = query_cellxgene_census("lung", organism="mouse", is_primary_data=None, census=census)
    all_cells = small_census.mouse_cells()
    assert adata.var_names.tolist() == all_cells.var_names.tolist()
    assert adata.n_obs == int((all_cells.obs["tissue_general"] == "lung").sum())
    uri = f"cellxgene://?tissue=lung&organism=mus_musculus&is_primary_data=any&census={census}"
    combined = combine_references([uri], ["cell_type"], target_genes=["Gad1", "Mog"], filter_min_cells=False)
    assert json.loads(combined.uns["spatialcore_references"])[0]["species"] == "mouse"
    with pytest.raises(SpeciesError, match="is mouse"):
        combine_references([uri], ["cell_type"], target_genes=["GAD1", "MOG"])


def test_a_census_in_a_bucket_gives_the_same_cells(census_on_s3: str, all_cells: ad.AnnData, tmp_path: Path) -> None:
    uri = acquire_reference(
        f"cellxgene://?tissue=lung&disease=normal&census={census_on_s3}", f"s3://{BUCKET}/{uuid.uuid4().hex}.h5ad"
    )
    local = resolve_uri_to_local(uri, tmp_path)
    assert np.array_equal(ad.read_h5ad(local).X.toarray(), matching_cells(all_cells).X.toarray())
    assert provenance_of(local)["census_build"] == small_census.BUILD


def test_quotes_in_values_are_escaped(census: str, all_cells: ad.AnnData) -> None:
    adata = query_cellxgene_census(small_census.ODD_TISSUE, is_primary_data=None, census=census)
    assert adata.n_obs == int((all_cells.obs["tissue"] == small_census.ODD_TISSUE).sum())
    assert set(adata.obs["tissue"]) == {small_census.ODD_TISSUE}
    with pytest.raises(InputError, match="no cell"):
        query_cellxgene_census("bar' or 1==1 or tissue == 'x", census=census)


def test_a_draw_is_by_label_and_seeded(census: str, all_cells: ad.AnnData) -> None:
    draws = [query_cellxgene_census("lung", census=census, max_cells=90, random_state=seed) for seed in (1, 1, 2)]
    assert [draw.n_obs for draw in draws] == [90] * 3
    assert draws[0].obs_names.equals(draws[1].obs_names)
    assert not draws[0].obs_names.equals(draws[2].obs_names)
    rare = query_cellxgene_census("lung", census=census, cell_type="club cell").n_obs
    assert (draws[0].obs["cell_type"] == "club cell").sum() == min(rare, 10)


def test_only_the_drawn_cells_are_read(census: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import cellxgene_census

    requests: list[int] = []
    real = cellxgene_census.get_anndata

    def recorded(*args: object, **options: object) -> ad.AnnData:
        requests.append(len(options["obs_coords"]))  # type: ignore[arg-type]
        return real(*args, **options)

    monkeypatch.setattr(cellxgene_census, "get_anndata", recorded)
    query_cellxgene_census("lung", census=census, max_cells=20)
    assert requests == [20]


def test_large_results_are_read_in_parts(census: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = query_cellxgene_census("lung", census=census)
    monkeypatch.setattr("spatialcore.sources.census._BLOCK", 40)
    parts = query_cellxgene_census("lung", census=census, output=tmp_path / "lung.h5ad")
    assert parts.obs_names.tolist() == full.obs_names.tolist()
    assert np.array_equal(parts.X.toarray(), full.X.toarray())
    assert parts.var["feature_name"].tolist() == full.var["feature_name"].tolist()
    assert {path.name for path in tmp_path.iterdir()} == {"lung.h5ad", ".spatialcore"}


def test_misspelt_values_get_suggestions(census: str) -> None:
    with pytest.raises(InputError, match="did you mean lung"):
        query_cellxgene_census("lungs", census=census)


def test_a_data_set_by_key(census: str, census_folder: Path, tmp_path: Path) -> None:
    path = Path(download_cellxgene_reference("human_lung_cell_atlas", tmp_path / "references", census=census))
    assert path.name == "human_lung_cell_atlas.h5ad"
    assert path.read_bytes() == (census_folder / "h5ads" / f"{small_census.HLCA}.h5ad").read_bytes()
    manifest = storage.read_manifest(path)
    assert manifest is not None
    metadata = manifest.metadata
    assert metadata["datasets"][0]["dataset_id"] == small_census.HLCA
    assert metadata["datasets"][0]["citation"] == "Sikkema et al. (2023) Nat Med"
    assert metadata["datasets"][0]["collection_name"] == "The integrated Human Lung Cell Atlas"
    assert (metadata["census_build"], metadata["census_schema_version"]) == (small_census.BUILD, "2.1.0")
    assert metadata["license"] == "CC BY 4.0"
    assert metadata["retrieved"].startswith("20")


@pytest.mark.parametrize("location", ["cache", "folder"])
def test_citations_are_in_the_manifest_and_the_report(location: str, census: str, tmp_path: Path) -> None:
    uri = f"cellxgene://?tissue=lung&census={census}"
    reference = uri if location == "cache" else acquire_reference(uri, tmp_path / "lung.h5ad")
    combined = combine_references([reference], ["cell_type"], cache_dir=tmp_path / "cache")
    (entry,) = json.loads(combined.uns[columns.REFERENCES_MANIFEST])
    assert entry["origin"]["census_build"] == small_census.BUILD
    assert {each["dataset_id"] for each in entry["origin"]["datasets"]} == {small_census.HLCA, small_census.COVID}
    combined.uns[columns.MANIFEST] = {"references_json": combined.uns[columns.REFERENCES_MANIFEST]}
    (row,) = references(combined)
    for words in ("Sikkema et al. (2023) Nat Med", "integrated Human Lung Cell Atlas", "Melms et al.", "CC BY 4.0"):
        assert words in row["about"]
    for words in (f"Census: {small_census.BUILD}", "schema: 5.2.0", "retrieved: 20", "tissue=lung"):
        assert words in row["about"]


def test_a_draw_from_a_data_set(census: str, tmp_path: Path) -> None:
    uri = f"cellxgene://dataset/{small_census.HLCA}?census={census}"
    drawn = ad.read_h5ad(acquire_reference(uri, tmp_path / "drawn.h5ad", max_cells=50))
    assert drawn.n_obs == 50
    assert set(drawn.obs["dataset_id"]) == {small_census.HLCA}


def test_options_of_a_draw_in_a_uri(census: str, tmp_path: Path) -> None:
    uri = f"cellxgene://?tissue=lung&census={census}"
    acquired = ad.read_h5ad(acquire_reference(uri, tmp_path / "acquired.h5ad", max_cells=40, random_state=7))
    written = ad.read_h5ad(acquire_reference(f"{uri}&max_cells=40&random_state=7", tmp_path / "written.h5ad"))
    assert written.n_obs == 40
    assert list(written.obs_names) == list(acquired.obs_names)
    with pytest.raises(InputError, match="not a number"):
        acquire_reference(f"{uri}&max_cells=many", tmp_path / "x.h5ad")


def test_a_missing_data_set(census: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no data set"):
        download_cellxgene_reference("healthy_human_liver", tmp_path / "x.h5ad", census=census)
    with pytest.raises(InputError, match="did you mean"):
        acquire_reference("cellxgene://human_lung_atlas", tmp_path / "x.h5ad")
    with pytest.raises(InputError, match="invalid CELLxGENE data set id"):
        acquire_reference("cellxgene://dataset/123", tmp_path / "x.h5ad")
    with pytest.raises(InputError, match="max_cells"):
        acquire_reference("cellxgene://?tissue=lung", tmp_path / "x.h5ad", max_cell=5)
    assert not (tmp_path / "x.h5ad").exists()


def test_queries_are_cached_by_filter_and_release(census: str, tmp_path: Path) -> None:
    uri = f"cellxgene://?tissue=lung&census={census}"
    path = resolve_uri_to_local(uri, tmp_path)
    assert resolve_uri_to_local(uri, tmp_path) == path
    assert resolve_uri_to_local(f"{uri}&disease=normal", tmp_path) != path
    assert provenance_of(path)["token"] == small_census.BUILD


class TestReleases:
    """Names of releases, read with the client from a local copy of its directory."""

    @pytest.fixture(autouse=True)
    def directory(
        self, census_folder: Path, s3: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> Iterator[None]:
        from cellxgene_census import _release_directory

        build = {
            "release_date": None,
            "release_build": small_census.BUILD,
            "soma": {"uri": str(census_folder / "soma"), "s3_region": "us-west-2"},
            "h5ads": {"uri": f"s3://{BUCKET}/h5ads/", "s3_region": "us-west-2"},
            "flags": {"lts": True},
        }
        mirror = {"provider": "S3", "base_uri": "s3://none", "region": "us-west-2"}
        answers = {
            "release": {"stable": small_census.BUILD, small_census.BUILD: build},
            "mirrors": {"default": "one", "one": mirror},
        }
        folder = tmp_path / "directory"
        folder.mkdir()
        with web_server(folder) as url:
            for name, constant in (("release", "RELEASE_DIRECTORY"), ("mirrors", "MIRRORS_DIRECTORY")):
                (folder / name).write_text(json.dumps(answers[name]))
                monkeypatch.setattr(_release_directory, f"CELL_CENSUS_{constant}_URL", f"{url}/{name}")
            yield

    def test_stable_is_a_date(self, tmp_path: Path, all_cells: ad.AnnData) -> None:
        path = resolve_uri_to_local("cellxgene://?tissue=lung&disease=normal", tmp_path)
        provenance = provenance_of(path)
        assert provenance["token"] == provenance["census_build"] == small_census.BUILD
        assert ad.read_h5ad(path).n_obs == matching_cells(all_cells).n_obs
        assert provenance["cells_found"] == matching_cells(all_cells).n_obs
        assert {row["dataset_id"] for row in provenance["datasets"]} == {small_census.HLCA, small_census.COVID}

    def test_a_data_set_comes_from_the_public_bucket(self, census_folder: Path, tmp_path: Path) -> None:
        file = census_folder / "h5ads" / f"{small_census.HLCA}.h5ad"
        stored = storage.put(file, f"s3://{BUCKET}/h5ads/{small_census.HLCA}.h5ad")
        system, _ = storage.connect(stored.uri)
        for uri in (stored.uri, storage.manifest_uri(stored.uri)):
            system.call_s3("put_object_acl", Bucket=BUCKET, Key=uri.split("/", 3)[3], ACL="public-read")
        path = resolve_uri_to_local("cellxgene://human_lung_cell_atlas?census=2025-01-30", tmp_path)
        assert path.read_bytes() == file.read_bytes()

    def test_an_unknown_release(self, tmp_path: Path) -> None:
        with pytest.raises(FileMissingError, match="2025-01-30"):
            resolve_uri_to_local("cellxgene://?tissue=lung&census=2024-01-30", tmp_path)
