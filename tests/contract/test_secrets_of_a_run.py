"""A whole run on a bucket writes no planted credentials to logs, data, models, reports or manifests."""

import logging
import uuid
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.annotation import acquire_reference
from spatialcore.annotation.run_config import RunConfig
from spatialcore.demo.blood import LABEL_COLUMN, blood_data
from spatialcore.workflow.run import run
from tests.contract.servers import BUCKET, KEY, SECRET, web_server

TOKEN = "planted-synapse-token-31415926"
PASSWORD = "planted-password-2718"
SIGNATURE = "planted-signature-1618"


@pytest.fixture
def bucket(s3: str) -> str:
    return f"s3://{BUCKET}/{uuid.uuid4().hex}"


def leaks(folder: Path, bucket: str, *texts: str) -> list[str]:
    """Return the names of local files, stored objects and texts that contain a secret."""
    planted = [secret.encode() for secret in (KEY, SECRET, TOKEN, PASSWORD, SIGNATURE)]
    system, location = storage.connect(bucket)
    objects = {f"s3://{path}": system.cat_file(path) for path in system.find(location.path)}
    local = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    named_texts = {f"text {i}": text.encode() for i, text in enumerate(texts)}
    return [
        name for name, data in {**objects, **local, **named_texts}.items() if any(secret in data for secret in planted)
    ]


def test_a_whole_run_on_a_bucket_leaks_nothing(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="spatialcore")
    monkeypatch.setenv("SYNAPSE_AUTH_TOKEN", TOKEN)
    data = tmp_path / "data"
    blood_data(data)
    for path in data.iterdir():
        acquire_reference(str(path), f"{bucket}/in/{path.name}")
    with web_server(data) as url:
        signed = f"{url.replace('://', f'://me:{PASSWORD}@')}/pbmc68k_part2.h5ad?X-Amz-Signature={SIGNATURE}"
        references = [f"{bucket}/in/pbmc68k_part1.h5ad", signed]
        config = RunConfig.from_dict(
            {
                "tissue": "blood",
                "queries": [f"{bucket}/in/query.h5ad"],
                "references": [{"uri": uri, "label_column": LABEL_COLUMN} for uri in references],
                "store": f"{bucket}/out",
            }
        )
        result = run(config)
    assert storage.exists(result.model["model/blood.pkl"])
    assert storage.exists(f"{bucket}/out/query/report.html")
    assert leaks(tmp_path, bucket, caplog.text, repr(result)) == []
