"""Retries of requests, and the errors of client libraries as errors of this package.

A transient fault (5xx, SlowDown, time-out, reset, short or altered body) is retried with exponential backoff and
jitter. A permanent one (401, 403, 404, no space) is raised at once. Secrets are masked in every text.
"""

import errno
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from spatialcore.core.logging import get_logger
from spatialcore.errors import (
    ConflictError,
    DependencyError,
    FileMissingError,
    SpatialCoreError,
    StorageError,
    TransientStorageError,
)
from spatialcore.storage.network import HINT, FailingFor, is_unresolved
from spatialcore.storage.secrets import redact
from spatialcore.storage.settings import StorageSettings
from spatialcore.storage.types import AlteredError, TruncatedError

log = get_logger(__name__)
T = TypeVar("T")

FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_BUSY: Final = {
    errno.EBUSY,
    errno.EAGAIN,
    errno.ETIMEDOUT,
    errno.ECONNRESET,
    errno.ECONNREFUSED,
    errno.ECONNABORTED,
    errno.EPIPE,
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    getattr(errno, "EREMOTEIO", errno.EIO),
}
_BROKEN_BODY: Final = re.compile(r"ClientPayload|ContentLength|TransferEncoding|IncompleteRead")
_DENIED_NAMES: Final = re.compile(r"Credential|AccessRestriction|Authentication|RefreshError")
_BUSY_CODES: Final = re.compile(
    r"SlowDown|InternalError|ServiceUnavailable|RequestTimeout\b|Throttl|BadDigest|Mismatch"
)
_DENIED_CODES: Final = re.compile(
    r"ExpiredToken|RequestTimeTooSkewed|InvalidAccessKeyId|SignatureDoesNotMatch|account_name with credentials"
)
_DENIED_HINTS: Final = (
    (r"ExpiredToken|token.*expired|expired.*token", "the credentials have expired: get new ones and try again"),
    (r"RequestTimeTooSkewed|too large|skew", "this machine's clock is wrong: set it (timedatectl set-ntp true)"),
    (r"SignatureDoesNotMatch", "the secret key does not belong to the access key: check AWS_SECRET_ACCESS_KEY"),
    (r"InvalidAccessKeyId", "the access key is unknown: check AWS_ACCESS_KEY_ID"),
    (
        r"account_name with credentials",  # of adlfs
        "no credentials were found: set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or "
        "AZURE_STORAGE_CONNECTION_STRING",
    ),
    (r"NoCredentials|Unable to locate credentials", "no credentials were found: set them in the environment"),
)
_client_errors: set[tuple[str, str]] = {
    ("aiohttp", "ClientError"),
    ("asyncio", "TimeoutError"),
    ("httpx", "HTTPError"),
    ("synapseclient.core.exceptions", "SynapseError"),
    ("tiledbsoma", "SOMAError"),
}
_transient_names: set[str] = {
    *("Timeout", "ConnectionError", "ConnectionClosed", "ServerDisconnected", "ClientPayload", "ClientOSError"),
    *("ClientConnect", "IncompleteRead", "ResponseStreaming", "HTTPClientError", "ProxyError", "ChunkedEncoding"),
    *("Checksum", "TransportError", "JSONDecode", "ResponseParser"),  # the last two: a truncated answer
}


def attempt(operation: Callable[[], T], *, what: str, sign_in: str = "", settings: StorageSettings | None = None) -> T:
    """Run one request against a store; retry it while its faults are transient.

    Parameters
    ----------
    operation
        The request. It must be safe to repeat.
    what
        The request and its URI, for messages: ``get s3://bucket/key``.
    sign_in
        What to do if the store denies access, for the hint of the error.
    settings
        Number of attempts and waits; default from the environment.

    Raises
    ------
    StorageError, FileMissingError, ConflictError
        At once for a permanent fault.
    TransientStorageError
        After the last attempt.

    Examples
    --------
    >>> attempt(lambda: 7, what="read memory://bucket/key")
    7
    """
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

    settings = settings or StorageSettings.from_environment()
    attempts, failing = stop_after_attempt(settings.attempts), FailingFor(settings.budget, settings.read_timeout)
    retrying = Retrying(
        retry=retry_if_exception(_is_retryable),
        stop=lambda state: failing(state) or attempts(state),
        wait=wait_random_exponential(multiplier=settings.first_wait, max=settings.longest_wait),
        before_sleep=lambda state: log.warning(
            "retrying (attempt %d of %d): %s", state.attempt_number + 1, settings.attempts, redact(what)
        ),
        reraise=True,
    )
    try:
        result: T = retrying(translate_errors, operation, what=what, sign_in=sign_in)
    except TransientStorageError as error:
        error.given_up = True
        raise
    return result


def _is_retryable(error: BaseException) -> bool:
    """Return whether to retry: not if a request inside the operation has used up its own attempts."""
    return isinstance(error, TransientStorageError) and not error.given_up


def translate_errors(operation: Callable[[], T], *, what: str, sign_in: str = "") -> T:
    """Run an operation and raise a client library's error as one of this package, without the original attached.

    The original is dropped on purpose: its text, and those of its causes, may contain signed URLs and headers.
    """
    try:
        return operation()
    except SpatialCoreError:
        raise
    except (OSError, ValueError, RuntimeError, EOFError) as error:
        translation = translate_error(error, what=what, sign_in=sign_in)
    except ImportError as error:
        translation = DependencyError(redact(str(error)))
    except tuple(_imported_errors()) as error:
        translation = translate_error(error, what=what, sign_in=sign_in)
    raise translation


def register_client_errors(*errors: tuple[str, str], transient: Sequence[str] = ()) -> None:
    """Translate the errors of a client library, too.

    Parameters
    ----------
    errors
        Module and class of each error that does not derive from a built-in one.
    transient
        Parts of the class names of errors that are worth a retry, if they carry no HTTP status.
    """
    _client_errors.update(errors)
    _transient_names.update(transient)


def _imported_errors() -> Iterator[type[Exception]]:
    """Yield the registered errors of the client libraries that are imported."""
    for module, name in _client_errors:
        if module in sys.modules:
            yield getattr(sys.modules[module], name)


def translate_error(error: BaseException, *, what: str, sign_in: str = "") -> SpatialCoreError:
    """Return this package's error for an error of a client library."""
    chain = list(_chain(error))
    causes = redact("; ".join(dict.fromkeys(f"{type(link).__name__}: {link}" for link in chain))[:600])
    text = redact(f"{what}: {causes}")
    if any(getattr(link, "errno", None) in FULL for link in chain):
        return StorageError(f"no space left: {text}", hint="free some space or choose another folder")
    if any(map(is_unresolved, chain)):
        return StorageError(f"host not found: {text}", hint=HINT)
    if any(map(_is_broken_body, chain)):
        return TransientStorageError(text)
    status = next((code for code in map(_status, chain) if code), 0)
    if status == 412 or any(isinstance(link, FileExistsError) for link in chain):
        return ConflictError(f"{text}", hint="another process wrote it first: read it again")
    return _from_status(status, chain, text, sign_in)


def _from_status(status: int, chain: list[BaseException], text: str, sign_in: str) -> SpatialCoreError:
    if status in {408, 425, 429} or status >= 500 or (not status and any(map(_is_busy, chain))):
        return TransientStorageError(text, hint="the store did not answer as expected; try again later")
    if status in {401, 403} or any(map(_is_denied, chain)) or _DENIED_CODES.search(text):
        return StorageError(f"access denied: {text}", hint=_denied_hint(text, sign_in))
    if status in {404, 410} or any(isinstance(link, FileNotFoundError) for link in chain):
        return FileMissingError(f"not found: {text}", hint="check the spelling of bucket, folder and file")
    if _BUSY_CODES.search(text):
        return TransientStorageError(text, hint="the store did not answer as expected; try again later")
    return StorageError(text, hint="check the address, the credentials and the network of this machine")


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    for _ in range(8):
        if link is None:
            return
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _status(error: BaseException) -> int:
    """Return the HTTP status that an error of a client library carries, or 0."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        metadata = response.get("ResponseMetadata", {})
        return int(metadata.get("HTTPStatusCode") or 0)
    for name in ("status", "code", "status_code"):
        value = getattr(error, name, None)
        if isinstance(value, int) and 300 <= value < 600:
            return value
        if isinstance(value, str) and value.isdigit():
            return int(value)
    return int(getattr(response, "status_code", 0) or 0)


def _is_broken_body(error: BaseException) -> bool:
    """Return whether a body arrived incomplete. aiohttp gives such an error the code 400; the store did not send it."""
    return isinstance(error, TruncatedError | AlteredError) or bool(_BROKEN_BODY.search(type(error).__name__))


def _is_busy(error: BaseException) -> bool:
    if isinstance(error, FileNotFoundError | PermissionError):
        return False
    if isinstance(error, ConnectionError | TimeoutError | EOFError):
        return True
    name = type(error).__name__
    return getattr(error, "errno", None) in _BUSY or any(part in name for part in _transient_names)


def _is_denied(error: BaseException) -> bool:
    forbidden = isinstance(error, OSError) and str(error).startswith("Forbidden")
    return isinstance(error, PermissionError) or forbidden or bool(_DENIED_NAMES.search(type(error).__name__))


def _denied_hint(text: str, sign_in: str) -> str:
    for pattern, hint in _DENIED_HINTS:
        if re.search(pattern, text, re.IGNORECASE):
            return hint
    return sign_in or "check the credentials, and the owner and mode of local files"
