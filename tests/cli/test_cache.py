"""spatialcore cache: list, prune and clear local copies."""

import json
from pathlib import Path

import pytest

from spatialcore.cli.cache import parse_size
from spatialcore.errors import InputError
from tests.cli.workplace import Command, Workplace


def test_cache_list_prune_and_clear(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    from spatialcore import storage
    from spatialcore.annotation import resolve_uri_to_local

    storage.put(workplace.first, "memory://bucket/first.h5ad")
    local = resolve_uri_to_local("memory://bucket/first.h5ad", tmp_path)
    listed = json.loads(spatialcore("cache", "ls", "--folder", tmp_path, "--json").out)
    assert [Path(entry["path"]) for entry in listed] == [local]
    assert spatialcore("cache", "prune", "--max-size", "1GB", "--folder", tmp_path).code == 0
    assert local.exists()
    assert "MB freed" in spatialcore("cache", "clear", "--folder", tmp_path).out
    assert not local.exists()
    assert spatialcore("cache", "prune", "--keep", "much", "--folder", tmp_path).code == 2


@pytest.mark.parametrize(("text", "size"), [("20GB", 20 * 10**9), ("1.5 TiB", 3 * 2**39), ("0", 0), ("7k", 7000)])
def test_parse_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1", "1 apple", "i"])
def test_invalid_size(text: str) -> None:
    with pytest.raises(InputError, match="cannot parse the size"):
        parse_size(text)
