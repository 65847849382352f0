"""Digests and versions."""

import hashlib
import platform
from pathlib import Path

import numpy
import pytest

from spatialcore.core import provenance
from spatialcore.core.provenance import canonical_json, digest_of, sha256_of_file, versions


def test_sha256_of_file(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "BLOCK", 3)
    (tmp_path / "a").write_bytes(b"0123456789")
    assert sha256_of_file(tmp_path / "a") == hashlib.sha256(b"0123456789").hexdigest()


def test_equal_values_have_equal_digests():
    assert canonical_json({"b": (1, 2), "a": Path("x")}) == '{"a":"x","b":[1,2]}'
    assert digest_of({"b": 1, "a": 2}) == digest_of({"a": 2, "b": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_versions_of_installed_packages():
    assert versions(["numpy", "no-such-package"]) == {
        "python": platform.python_version(),
        "numpy": numpy.__version__,
    }
