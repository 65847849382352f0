"""Google Cloud Storage: its file system, and what it reports of an object."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.storage.backends.gcs import GCSBackend
from tests.contract.faulty_proxy import proxy_to
from tests.contract.servers import BUCKET
from tests.storage.backends.contract import StoreContract

CODE = """
import gcsfs
from spatialcore.storage import connect
print(*[f"{kind.__module__}.{kind.__name__}" for kind in (gcsfs.GCSFileSystem, type(connect("gs://bucket/x")[0]))])
"""


class TestGCS(StoreContract):
    @pytest.fixture
    def root(self, gs: str) -> str:
        return f"gs://{BUCKET}/{uuid.uuid4().hex}"


def test_plain_file_system_even_if_gcsfs_was_imported_before() -> None:
    """The other one asks a metadata server, for up to a minute, where there is none."""
    environment = {**os.environ, "STORAGE_EMULATOR_HOST": "http://127.0.0.1:9"}
    environment.pop("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", None)
    run = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    default, ours = run.stdout.split()
    assert default == "gcsfs.extended_gcsfs.ExtendedGcsFileSystem"
    assert ours == "spatialcore.storage.backends.gcs.WithoutRetries", "gcsfs.core.GCSFileSystem, with one try"


def test_stat_of_an_entry() -> None:
    stat = GCSBackend("gs").stat_of({"generation": 17, "size": "5", "md5Hash": "XUFAKrxLKna5cZ2REBfFkg=="})
    assert (stat.token, stat.size, stat.md5) == ("17", 5, "5d41402abc4b2a76b9719d911017c592")


def test_files_are_compared_under_a_temporary_name(gs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"cells" * 1_000)
    with proxy_to(gs) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        storage.put(tmp_path / "file", f"gs://{BUCKET}/{uuid.uuid4().hex}/file")
        paths = [path for _, path, _ in proxy.requests]
    copied = next(number for number, path in enumerate(paths) if "rewriteTo" in path)
    assert ".part" in paths[copied]
    assert any(".part" in path for path in paths[:copied])
