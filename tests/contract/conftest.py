"""Fixtures for the tests of this folder."""

import os
import uuid
from pathlib import Path

import pytest

from tests.contract.fault_cases import SIZE
from tests.contract.servers import BUCKET


@pytest.fixture(autouse=True)
def environment(quick_retries: None) -> None:
    """Retry without long waits in every test."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "reference.h5ad"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.fixture
def uri() -> str:
    return f"s3://{BUCKET}/{uuid.uuid4().hex}/reference.h5ad"
