"""Privileges of the containers, and the settings that they require."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

DOCKER = Path(__file__).parents[1] / "docker"
COMPOSE = (DOCKER / "compose.yaml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
SERVICES_WITH_CODE = {"server", "files", "init", "worker"}
SECRETS = {"POSTGRES_PASSWORD", "SPATIALCORE_LOGIN", "BUCKET_ROOT_SECRET", "BUCKET_SECRET"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_containers_have_minimal_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service.get("read_only", False) or name not in SERVICES_WITH_CODE
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_compose_refuses_missing_passwords() -> None:
    used = re.findall(r"\$\{(\w+)(:[?-])?", COMPOSE)
    assert {name for name, _ in used} >= SECRETS
    assert {(name, how) for name, how in used if name in SECRETS} == {(name, ":?") for name in SECRETS}
    example = dict(line.split("=", 1) for line in (DOCKER / "env.example").read_text().splitlines() if "=" in line[:30])
    assert {name: example[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")


def test_only_the_bucket_has_the_root_key() -> None:
    holders = {name for name, service in SERVICES.items() if "BUCKET_ROOT_SECRET" in str(service)}
    assert holders == {"bucket", "bucket-key"}
    assert "BUCKET_SECRET" not in str(SERVICES["worker"]), "the worker reads the key from a Prefect block"


def test_images_are_pinned_and_packages_of_debian_are_not() -> None:
    text = (DOCKER / "Dockerfile").read_text()
    images = re.findall(r"^FROM (\S+)", text, re.M)
    assert images
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", image) for image in images)
    installed = re.findall(r"apt-get install [^&\\]*", text)
    assert installed
    assert not any("=" in command for command in installed)


@pytest.mark.skipif(sys.platform != "linux", reason="hadolint is installed on Linux only")
def test_hadolint_reports_nothing() -> None:
    command = [str(Path(sys.executable).with_name("hadolint")), str(DOCKER / "Dockerfile")]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (process.returncode, process.stdout) == (0, ""), process.stderr


def test_compose_follows_its_specification(tmp_path: Path) -> None:
    valid, invalid = DOCKER / "compose.yaml", tmp_path / "compose.yaml"
    invalid.write_text(COMPOSE.replace("cap_drop: [ALL]", "cap_drop: ALL"))
    assert (_schema_check(valid).returncode, _schema_check(invalid).returncode) == (0, 1)


def _schema_check(compose: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(compose)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_unmaintained_image_is_marked_for_trials_only() -> None:
    """MinIO no longer publishes images."""
    before, _, _ = COMPOSE.partition("image: minio/minio")
    assert "# For trying out" in before.rpartition("  bucket:")[0].rpartition("\n\n")[2]
