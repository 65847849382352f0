"""Pending samples, with files in the store that cannot be read."""

from pathlib import Path

import pytest

from spatialcore import registry, storage
from spatialcore.errors import RecordError
from tasks.pending import pending_samples
from tasks.schemas import RunManifest


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Return a store with a model in use, one annotated sample, and a truncated manifest of another tissue."""
    store, model = str(tmp_path / "store"), tmp_path / "lung.pkl"
    model.write_text("model")
    version = registry.publish(store, "lung", [model]).version
    registry.promote(store, "lung", version)
    for name in ("a", "b"):
        storage.put_text(name, f"{store}/samples/{name}.h5ad")
    source = f"{storage.canonical(f'{store}/samples/a.h5ad')}@{storage.token(f'{store}/samples/a.h5ad')}"
    run = RunManifest(
        run_id="lung-1",
        tissue="lung",
        config_digest="",
        references=(),
        model_version=version,
        model={},
        label_mapping=None,
        samples=({"sample": "a", "source": source, "n_obs": 1, "n_assigned": 1, "composition": {}, "files": {}},),
        uri=f"{store}/runs/lung-1/manifest.json",
    )
    storage.put_text(storage.text_of(run, store), run.uri)
    storage.put_text(run.model_dump_json()[:40], f"{store}/runs/heart-1/manifest.json")
    return store


def test_a_truncated_manifest_of_another_tissue_is_ignored(store: str, caplog: pytest.LogCaptureFixture) -> None:
    assert pending_samples.fn(f"{store}/samples", store, "lung") == [f"{store}/samples/b.h5ad"]
    assert f"ignoring a run: {store}/runs/heart-1/manifest.json cannot be read as RunManifest" in caplog.text


def test_a_file_with_an_invalid_name_is_ignored(store: str, caplog: pytest.LogCaptureFixture) -> None:
    storage.put_text("x", f"{store}/samples/a\nb.h5ad")
    assert pending_samples.fn(f"{store}/samples", store, "lung") == [f"{store}/samples/b.h5ad"]
    assert "rename the file" in caplog.text


def test_an_unreadable_version_is_logged_with_its_uri(store: str, caplog: pytest.LogCaptureFixture) -> None:
    storage.put_text('{"tissue": "lung"', f"{store}/models/lung/broken/version.json")
    assert len(registry.versions(store, "lung")) == 1
    assert f"{store}/models/lung/broken/version.json cannot be read as ModelVersion" in caplog.text
    storage.put_text("{", f"{store}/models/lung/current.json")
    with pytest.raises(RecordError, match=r"current\.json cannot be read as Pointer"):
        registry.current(store, "lung")
