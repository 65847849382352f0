"""Flows that read credentials from blocks and fetch from every source reveal no secret."""

import asyncio
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anndata as ad
import httpx
import numpy as np
import pytest
from prefect.settings import PREFECT_API_URL
from prefect.utilities.templating import resolve_block_document_references

from deployments.blocks import run_environment, save_blocks
from deployments.environment import Installation
from spatialcore import storage
from tests.contract import faulty_proxy as proxy
from tests.contract import small_census, synapse_server
from tests.contract.faulty_proxy import Fault, proxy_to
from tests.contract.servers import BUCKET, KEY, SECRET, gcs_server, s3_server, web_server

pytest.importorskip("cellxgene_census")
pytest.importorskip("synapseclient")
ROOT = Path(__file__).resolve().parents[2]
SESSION = "planted-session-token-4711"
PASSWORD = "planted-password-0815"
SIGNATURE = "planted-signature-1234"
RUN = """
import sys, traceback
from flows.acquire_references import acquire_references
from flows.parameters import AcquireParameters
for text in sys.argv[1:]:
    try:
        print(acquire_references(AcquireParameters.model_validate_json(text)))
    except Exception:
        traceback.print_exc()
        print("failed")
"""


@dataclass
class Servers:
    """Servers that a flow reads from and writes to, and the secrets."""

    s3: str
    gcs: str
    synapse: str
    web: str
    folder: Path
    secrets: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Start the servers. The proxy in front of S3 repeats the secrets in its error messages."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "served").mkdir()
    atlas = folder / "served" / "atlas.h5ad"
    ad.AnnData(np.ones((3, 2), dtype=np.float32)).write_h5ad(atlas)
    with (
        s3_server() as s3,
        gcs_server(folder / "gcs") as gcs,
        synapse_server.synapse_server() as synapse,
        web_server(folder / "served") as web,
        proxy_to(s3) as s3_proxy,
    ):
        synapse.versions[1] = atlas.read_bytes()
        result = Servers(s3_proxy.url, gcs, synapse.url, web, folder)
        result.secrets = _create_secrets(folder)
        leak = " ".join(result.secrets.values())
        s3_proxy.faults.append(Fault(proxy.status(403, "AccessDenied", leak), path="denied", times=99))
        yield result


def _create_secrets(folder: Path) -> dict[str, str]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key = rsa.generate_private_key(65537, 2048).private_bytes(pem, serialization.PrivateFormat.PKCS8, plain).decode()
    account = {"type": "service_account", "project_id": "p", "private_key_id": "planted-key-id", "private_key": key}
    account |= {"client_email": "worker@p.iam.gserviceaccount.com", "token_uri": "https://127.0.0.1/token"}
    (folder / "account.json").write_text(json.dumps(account))
    return {
        "key": KEY,
        "secret": SECRET,
        "session": SESSION,
        "synapse": synapse_server.TOKEN,
        "password": PASSWORD,
        "signature": SIGNATURE,
        "google key": key.splitlines()[5],  # a line in the middle of the key
        "google key id": "planted-key-id",
    }


@pytest.fixture(scope="module")
def environment(servers: Servers) -> dict[str, str]:
    """Save the blocks and return the environment of a run as a worker creates it, with block references resolved."""
    installation = Installation.from_environment(
        {
            "SPATIALCORE_STORE": f"s3://{BUCKET}/store",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": SESSION,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": servers.s3,
            "GOOGLE_APPLICATION_CREDENTIALS": str(servers.folder / "account.json"),
            "SYNAPSE_AUTH_TOKEN": synapse_server.TOKEN,
        }
    )
    saved = save_blocks(installation)
    assert {"aws-credentials/spatialcore", "gcp-credentials/spatialcore", "secret/spatialcore-synapse"} <= set(saved)
    template = run_environment(installation)
    assert not [text for text in template.values() if any(secret in text for secret in servers.secrets.values())]
    resolved: dict[str, str] = asyncio.run(resolve_block_document_references(template))
    assert resolved["AWS_SECRET_ACCESS_KEY"] == SECRET
    assert servers.secrets["google key"] in resolved["FSSPEC_GS"]
    return resolved


@pytest.fixture
def census(servers: Servers, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> str:
    """Upload a small Census to the bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, environment[name])
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", servers.gcs)
    small_census.build(str(servers.folder / "soma"))
    root = f"{BUCKET}/{uuid.uuid4().hex}/soma"
    system, _ = storage.connect(f"s3://{root}/x")
    system.put(f"{servers.folder / 'soma'}/", f"{root}/", recursive=True)
    return f"s3://{root}"


@pytest.mark.slow
def test_acquisition_by_a_flow_reveals_no_secret(
    servers: Servers, environment: dict[str, str], census: str, tmp_path: Path
) -> None:
    bucket, other = f"s3://{BUCKET}/{uuid.uuid4().hex}", f"gs://{BUCKET}/{uuid.uuid4().hex}"
    signed = (
        f"{servers.web.replace('://', f'://me:{PASSWORD}@')}/atlas.h5ad?X-Amz-Signature={SIGNATURE}&token={SESSION}"
    )
    query = f"cellxgene://?tissue=lung&census={census}"
    valid = {
        "synapse://syn123": f"{bucket}/atlas.h5ad",
        query: f"{other}/lung.h5ad",
        f"{query}&max_cells=30": f"{bucket}/drawn.h5ad",
        signed: str(tmp_path / "signed.h5ad"),
    }
    more = {f"{bucket}/atlas.h5ad": f"{other}/copy.h5ad", f"{other}/lung.h5ad": str(tmp_path / "lung.h5ad")}
    invalid = ["synapse://syn999", f"{bucket}/denied.h5ad", f"{other}/absent.h5ad", signed.replace("atlas", "absent")]
    invalid += [f"cellxgene://?tissue=lung&census=s3://{BUCKET}/denied/soma", f"{query}&disease=planted"]
    printed = _run(servers, environment, tmp_path, valid, more, *({source: f"{bucket}/x.h5ad"} for source in invalid))
    assert printed.splitlines().count("failed") == len(invalid), printed
    assert ad.read_h5ad(tmp_path / "lung.h5ad").n_obs > 50
    texts = {"printed": printed} | _texts_on_the_server() | _texts_on_disk(tmp_path)
    texts |= _texts_in_the_store(bucket) | _texts_in_the_store(other)
    assert {"logs", "task_runs", "task_run_states", "flow_runs", "flow_run_states", "artifacts", "events"} <= set(texts)
    assert "store synapse://syn123" in texts["task_runs"]
    assert len(texts) > 20
    leaks = [
        (location, name)
        for name, secret in servers.secrets.items()
        for location, text in texts.items()
        if secret in text
    ]
    assert leaks == []


def _run(servers: Servers, environment: dict[str, str], folder: Path, *references: dict[str, str]) -> str:
    """Fetch references by flows in a subprocess; return its output."""
    forms = [{"references": [{"source": k, "output": v} for k, v in each.items()]} for each in references]
    endpoints = folder / "synapse.config"
    url = servers.synapse
    endpoints.write_text(
        f"[endpoints]\nrepoEndpoint={url}/repo/v1\nauthEndpoint={url}/auth/v1\n"
        f"fileHandleEndpoint={url}/file/v1\nportalEndpoint={url}\n"
    )
    more = {
        "PREFECT_API_URL": str(PREFECT_API_URL.value()),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "HOME": str(folder / "home"),
        "STORAGE_EMULATOR_HOST": servers.gcs,
        "SYNAPSE_CONFIG": str(endpoints),
        "SPATIALCORE_STORAGE_FIRST_WAIT": "0.02",
    }
    process = subprocess.run(
        [sys.executable, "-c", RUN, *map(json.dumps, forms)],
        cwd=ROOT,
        env={**os.environ, **environment, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout + process.stderr


def _texts_on_the_server() -> dict[str, str]:
    """Return all records of runs on the server, except the parameters entered by the user."""
    texts: dict[str, str] = {}
    with httpx.Client(base_url=f"{PREFECT_API_URL.value()}/", timeout=30) as client:
        for kind in ("logs", "task_runs", "flow_runs", "artifacts"):
            items: list[dict[str, Any]] = []
            while batch := _post(client, f"{kind}/filter", {"limit": 200, "offset": len(items)}):
                items += batch
            texts[kind] = json.dumps([{**each, "parameters": {}} for each in items])
            if kind in {"task_runs", "flow_runs"}:
                of = kind.removesuffix("s")
                states = [client.get(f"{of}_states/", params={f"{of}_id": each["id"]}).text for each in items]
                texts[f"{of}_states"] = " ".join(states)
        texts["events"] = json.dumps(_post(client, "events/filter", {"limit": 50}))
    return texts


def _post(client: httpx.Client, path: str, page: dict[str, int]) -> Any:
    answer = client.post(path, json=page)
    answer.raise_for_status()
    return answer.json()


def _texts_in_the_store(root: str) -> dict[str, str]:
    system, location = storage.connect(f"{root}/x")
    paths = system.find(location.path.rpartition("/")[0])
    return {path: system.cat_file(path).decode("latin-1") for path in paths}


def _texts_on_disk(folder: Path) -> dict[str, str]:
    """Return the paths and contents of all files: outputs, caches, and Prefect's results."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): f"{path} {path.read_bytes().decode('latin-1')}" for path in files}
