"""CellTypist's models: the model of a tissue, its folder, and the download from a server."""

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from spatialcore.annotation.model import pretrained
from spatialcore.annotation.model.pretrained import (
    SINGLE,
    TISSUE_MODELS,
    celltypist_folder,
    find_pretrained,
    models_for_tissue,
)
from spatialcore.errors import FileMissingError, InputError


def test_models_of_a_tissue() -> None:
    assert models_for_tissue("Lung Airway") == (SINGLE, "Pan_Fetal_Human.pkl", "Cells_Lung_Airway.pkl")
    assert models_for_tissue("lung", ensemble=False) == (SINGLE,)
    assert all(SINGLE in models for models in TISSUE_MODELS.values())
    with pytest.raises(InputError, match="no pre-trained models are listed for tissue 'lungg'\n  -> one of blood, "):
        models_for_tissue("lungg")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of CellTypist's models."""
    monkeypatch.setenv("CELLTYPIST_FOLDER", str(tmp_path / "celltypist"))
    return celltypist_folder()


def test_the_folder_is_that_of_celltypist(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder == tmp_path / "celltypist" / "data" / "models"
    monkeypatch.delenv("CELLTYPIST_FOLDER")
    assert celltypist_folder() == Path.home() / ".celltypist" / "data" / "models"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve a model and the list of models, as CellTypist's server does."""
    root = tmp_path / "server"
    root.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=root)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{site.server_address[1]}"
        monkeypatch.setattr(pretrained, "SERVER", address)
        (root / "v1.pkl").write_bytes(b"model")
        (root / "models.json").write_text(
            json.dumps(
                {
                    "models": [
                        {"filename": SINGLE, "url": f"{address}/v1.pkl"},
                        {"filename": "gone.pkl", "url": f"{address}/gone"},
                    ]
                }
            )
        )
        yield address
        site.shutdown()
        thread.join()


def test_missing_models_are_downloaded_once(folder: Path, server: str, caplog: pytest.LogCaptureFixture) -> None:
    assert find_pretrained((SINGLE,)) == [folder / SINGLE]
    assert (folder / SINGLE).read_bytes() == b"model"
    (folder / SINGLE).write_bytes(b"mine")
    assert find_pretrained((SINGLE,))[0].read_bytes() == b"mine"
    for name in ("gone.pkl", "unlisted.pkl"):
        with pytest.raises(FileMissingError, match=f"CellTypist's {name} not found in .*, and could not be downloaded"):
            find_pretrained((SINGLE, name))
        assert f"{name} could not be downloaded ({server}" in caplog.text
    assert [path.name for path in folder.iterdir()] == [SINGLE]


def test_an_unreachable_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "SERVER", "http://127.0.0.1:9")
    with pytest.raises(FileMissingError, match="set CELLTYPIST_FOLDER"):
        find_pretrained((SINGLE,))
