"""Objects in the memory of the process."""

import uuid

import pytest

from spatialcore.storage.backends.memory import MemoryBackend
from tests.storage.backends.contract import StoreContract


class TestMemory(StoreContract):
    @pytest.fixture
    def root(self) -> str:
        return f"memory://{uuid.uuid4().hex}"


@pytest.mark.parametrize("uri", ["memory://a//b/", "memory:///a/b", "memory://a/b"])
def test_slashes(uri: str) -> None:
    assert MemoryBackend("memory").parse(uri) == "a/b"
