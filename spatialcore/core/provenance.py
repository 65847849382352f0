"""Digests of files and settings, and versions of packages, for run manifests."""

import hashlib
import json
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

BLOCK = 1 << 20
PACKAGES = (
    "spatialcore-celltyping",
    "anndata",
    "celltypist",
    "numpy",
    "pandas",
    "scanpy",
    "scikit-learn",
    "scipy",
)


def sha256_of_file(path: Path) -> str:
    """Return the sha256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys and without spaces; equal values give equal texts. NaN is refused.

    Examples
    --------
    >>> canonical_json({"b": 1, "a": [True, None]})
    '{"a":[true,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=str)


def digest_of(value: object) -> str:
    """Return the sha256 of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of Python and of the packages that are installed."""
    installed = {"python": platform.python_version()}
    for package in packages:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    return installed
