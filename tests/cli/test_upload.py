"""Upload of local data to a bucket."""

from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.cli.upload import upload_path
from spatialcore.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "output-XETG0001"
    (folder / "cells").mkdir(parents=True)
    (folder / "experiment.xenium").write_text("{}")
    (folder / "cells" / "matrix.h5").write_text("counts")
    return folder


def test_a_folder_is_uploaded_and_its_uri_printed(folder: Path) -> None:
    to = f"memory://bucket/{folder.parent.name}/samples/lung"
    address = upload_path(folder, to)
    assert address == f"{to}/output-XETG0001"
    assert storage.read_text(f"{address}/cells/matrix.h5") == "counts"
    assert [uri.removeprefix(address) for uri in storage.list_files(address)] == [
        "/cells/matrix.h5",
        "/experiment.xenium",
    ]


def test_existing_files_are_not_sent_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    to = f"memory://bucket/{folder.parent.name}/samples/lung"
    upload_path(folder, to)
    sent: list[str] = []
    put = storage.put
    monkeypatch.setattr(storage, "put", lambda file, uri: (sent.append(uri), put(file, uri))[1])
    upload_path(folder, to)
    assert sent == []
    (folder / "experiment.xenium").write_text('{"panel": 2}')
    upload_path(folder, to)
    assert [uri.rpartition("/")[2] for uri in sent] == ["experiment.xenium"]


def test_a_name_of_a_hidden_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".hidden.h5ad").write_text("x")
    with pytest.raises(InputError, match="begins with a dot"):
        upload_path(tmp_path / ".hidden.h5ad", "memory://bucket/x")
