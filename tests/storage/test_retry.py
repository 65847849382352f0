"""Which errors are retried, and how the others are translated."""

import errno
import logging
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from spatialcore.errors import (
    ConflictError,
    DependencyError,
    FileMissingError,
    InputError,
    SpatialCoreError,
    StorageError,
    TransientStorageError,
)
from spatialcore.storage import remember_secret
from spatialcore.storage.retry import attempt, translate_error, translate_errors
from spatialcore.storage.types import AlteredError, TruncatedError


class StatusError(OSError):
    """An error of a client library with an HTTP status."""

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(text or f"status {status}")
        self.status_code = status


class ReadTimeoutError(Exception):
    """An error recognised by its name."""


def failing(*errors: BaseException | None) -> Callable[[], str]:
    """Return an operation that raises one of these errors per call, and then succeeds."""
    remaining = list(errors)

    def operation() -> str:
        error = remaining.pop(0) if remaining else None
        if error is not None:
            raise error
        return "done"

    return operation


def botocore_error(code: str, status: int) -> Exception:
    exceptions = pytest.importorskip("botocore.exceptions")
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error: Exception = exceptions.ClientError(answer, "GetObject")
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StatusError(500), TransientStorageError),
        (StatusError(503, "SlowDown"), TransientStorageError),
        (StatusError(429), TransientStorageError),
        (StatusError(400, "BadDigest"), TransientStorageError),
        (ConnectionResetError(), TransientStorageError),
        (TimeoutError(), TransientStorageError),
        (OSError(errno.EBUSY, "busy"), TransientStorageError),
        (ReadTimeoutError(), TransientStorageError),
        (TruncatedError("short"), TransientStorageError),
        (AlteredError("altered"), TransientStorageError),
        (StatusError(401), StorageError),
        (StatusError(403), StorageError),
        (StatusError(400, "ExpiredToken"), StorageError),
        (PermissionError(), StorageError),
        (OSError(errno.ENOSPC, "full"), StorageError),
        (StatusError(404), FileMissingError),
        (FileNotFoundError(), FileMissingError),
        (StatusError(412), ConflictError),
        (FileExistsError(), ConflictError),
        (StatusError(400, "malformed"), StorageError),
        (botocore_error("SlowDown", 503), TransientStorageError),
        (botocore_error("NoSuchKey", 404), FileMissingError),
    ],
    ids=repr,
)
def test_kind_of_error(error: Exception, kind: type[SpatialCoreError]) -> None:
    assert type(translate_error(error, what="get s3://lab/a")) is kind


def test_the_cause_decides_if_the_error_is_generic() -> None:
    error = OSError("failed")
    error.__cause__ = StatusError(403)
    assert "access denied" in str(translate_error(error, what="get s3://lab/a"))


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (
            ValueError("Must provide either a connection_string or account_name with credentials!!"),
            "AZURE_STORAGE_ACCOUNT_NAME",
        ),
        (StatusError(403), "sign in like this"),
        (StatusError(400, "ExpiredToken"), "have expired"),
        (StatusError(403, "RequestTimeTooSkewed"), "clock is wrong"),
        (StatusError(403, "SignatureDoesNotMatch"), "AWS_SECRET_ACCESS_KEY"),
        (OSError(errno.ENOSPC, "full"), "free some space"),
        (StatusError(404), "check the spelling"),
    ],
    ids=repr,
)
def test_hint(error: Exception, hint: str) -> None:
    assert hint in translate_error(error, what="get s3://lab/a", sign_in="sign in like this").hint


def test_transient_errors_are_retried(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="spatialcore"):
        assert attempt(failing(TimeoutError(), StatusError(503)), what="get s3://lab/a") == "done"
    assert [record.getMessage() for record in caplog.records] == [
        "retrying (attempt 2 of 7): get s3://lab/a",
        "retrying (attempt 3 of 7): get s3://lab/a",
    ]


def test_last_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALCORE_STORAGE_ATTEMPTS", "2")
    with pytest.raises(TransientStorageError, match="get s3://lab/a: TimeoutError") as failure:
        attempt(failing(TimeoutError(), TimeoutError(), None), what="get s3://lab/a")
    assert failure.value.given_up


@pytest.mark.parametrize("error", [StatusError(403), FileNotFoundError(), InputError("wrong")], ids=repr)
def test_permanent_errors_are_not_retried(error: Exception) -> None:
    operation = failing(error)
    with pytest.raises(SpatialCoreError):
        attempt(operation, what="get s3://lab/a")
    assert operation() == "done", "called once"


def test_attempts_of_an_inner_request_are_not_multiplied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALCORE_STORAGE_ATTEMPTS", "3")
    calls: list[int] = []

    def request() -> None:
        calls.append(1)
        raise TimeoutError

    with pytest.raises(TransientStorageError):
        attempt(lambda: attempt(request, what="inner"), what="outer")
    assert len(calls) == 3


def test_errors_of_this_package_pass_unchanged() -> None:
    error = InputError("wrong", hint="do this")
    with pytest.raises(InputError) as failure:
        translate_errors(failing(error), what="get s3://lab/a")
    assert failure.value is error


def test_missing_package() -> None:
    with pytest.raises(DependencyError, match="no module named s3fs"):
        translate_errors(failing(ImportError("no module named s3fs")), what="get s3://lab/a")


def test_programming_errors_are_not_translated() -> None:
    with pytest.raises(KeyError):
        translate_errors(failing(KeyError("bug")), what="get s3://lab/a")


def test_nothing_of_the_original_error_is_attached() -> None:
    remember_secret("planted-in-an-error")
    error = StatusError(403, "denied: planted-in-an-error")
    error.__cause__ = OSError("cause: planted-in-an-error")
    with pytest.raises(StorageError) as failure:
        translate_errors(failing(error), what="get s3://lab/a?key=planted-in-an-error")
    assert failure.value.__cause__ is None
    assert failure.value.__context__ is None
    assert "planted-in-an-error" not in str(failure.value)


@pytest.mark.parametrize("attribute", ["status", "code", "status_code"])
def test_status_of_client_libraries(attribute: str) -> None:
    error = OSError("failed")
    setattr(error, attribute, "503")
    assert type(translate_error(error, what="get gs://lab/a")) is TransientStorageError
    other = OSError("failed")
    other.response = SimpleNamespace(status_code=404)  # type: ignore[attr-defined]
    assert type(translate_error(other, what="get gs://lab/a")) is FileMissingError
