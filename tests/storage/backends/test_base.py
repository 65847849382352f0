"""The base class of backends, and the registry of schemes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spatialcore.errors import DependencyError, InputError
from spatialcore.storage import redact
from spatialcore.storage.backends import ALIASES, BACKENDS, SCHEMES, backend_of
from spatialcore.storage.backends.base import Backend
from spatialcore.storage.backends.memory import MemoryBackend
from spatialcore.storage.types import AlteredError, Stat, TruncatedError


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_has_one_backend(scheme: str) -> None:
    backend = backend_of(scheme)
    assert isinstance(backend, Backend)
    assert backend.scheme == scheme
    assert backend is backend_of(scheme)


def test_schemes_are_unique() -> None:
    names = [name for names in BACKENDS for name in names]
    assert len(set(names)) == len(names)
    assert {"s3a": "s3", "gcs": "gs", "abfs": "az"}.items() <= ALIASES.items()


def test_one_file_for_each_backend() -> None:
    """Other modules do not compare schemes."""
    root = Path(__file__).resolve().parents[3]
    files = [
        path for package in ("spatialcore", "tasks", "flows", "deployments") for path in (root / package).rglob("*.py")
    ]
    others = [path for path in files if path.parent.name != "backends"]
    assert len(others) > 100
    marks = ('scheme == "', 'scheme != "', "scheme in {", "scheme_of(uri) ==", '.startswith("s3', '.startswith("gs')
    assert [path.name for path in others if any(mark in path.read_text() for mark in marks)] == []


@pytest.mark.parametrize(("scheme", "hint"), [("gss", "did you mean gs://"), ("ftp", "supported: file://, memory://")])
def test_unsupported_scheme(scheme: str, hint: str) -> None:
    with pytest.raises(InputError, match=rf"unsupported URI scheme {scheme}://(.|\n)*{hint}"):
        backend_of(scheme)


@pytest.mark.parametrize("uri", ["s3://bucket", "gs://bucket/", "az://container"])
def test_bucket_without_a_key(uri: str) -> None:
    with pytest.raises(InputError, match="has no object name"):
        backend_of(uri[:2]).parse(uri)


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_names_in_buckets(scheme: str) -> None:
    backend = backend_of(scheme)
    path = backend.parse(f"{scheme}://bucket/a/b.h5ad")
    assert (path, backend.bucket(path), backend.name(path)) == ("bucket/a/b.h5ad", "bucket", "b.h5ad")
    assert backend.uri(path) == backend.canonical(path) == f"{scheme}://bucket/a/b.h5ad"
    assert backend.manifest_path(path) == "bucket/a/b.h5ad.manifest.json"
    assert backend.local_path(path) is None


@pytest.mark.parametrize(
    ("copy", "error"),
    [(Stat("2", 4, "ab"), TruncatedError), (Stat("2", 5, "cd"), AlteredError), (Stat("2", 5), None)],
)
def test_copy_is_compared(copy: Stat, error: type[Exception] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = MemoryBackend("memory")
    monkeypatch.setattr(backend, "copy_object", lambda source, target: None)
    monkeypatch.setattr(backend, "stat", lambda path: copy)
    confirmed: list[bool] = []
    if error is None:
        assert backend.copy("a/b", "a/c", Stat("1", 5, "ab"), lambda: confirmed.append(True)) is copy
        assert confirmed == [True]
    else:
        with pytest.raises(error):
            backend.copy("a/b", "a/c", Stat("1", 5, "ab"), lambda: confirmed.append(True))


@pytest.mark.parametrize(
    ("package", "uri", "extra"),
    [("gcsfs", "gs://b/k", "gcs"), ("adlfs", "az://b/k", "azure"), ("s3fs", "s3://b/k", "s3")],
)
def test_missing_client_library_names_the_extra(
    package: str, uri: str, extra: str, hide_package: Callable[[str], None]
) -> None:
    hide_package(package)
    hint = rf"or install the extra: pip install 'spatialcore-celltyping\[{extra}\]'$"
    with pytest.raises(DependencyError, match=rf"is needed for {uri[:2]}://.*\n  -> {hint}"):
        backend_of(uri[:2]).file_system(uri[5:])


def test_secret_variables_of_a_backend_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    backend_of("az")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "planted-account-key")
    assert redact("planted-account-key was refused") == "*** was refused"
