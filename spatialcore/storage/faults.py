"""Which failures of a store are worth another try, and what to tell about those that are not.

A transient fault (5xx, SlowDown, time-out, reset, short or altered body) is tried again with exponential backoff and
jitter. A permanent one (401, 403, 404, no space) is reported at once. No text leaves without its secrets masked.
"""

import errno
import re
from collections.abc import Callable, Iterator
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
from spatialcore.storage.policy import Policy
from spatialcore.storage.secrets import redact

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
_BUSY_NAMES: Final = re.compile(
    r"Timeout|ConnectionError|ConnectionClosed|ServerDisconnected|ClientPayload|ClientOSError|ClientConnect|"
    r"IncompleteRead|ResponseStreaming|HTTPClientError|ProxyError|ChunkedEncoding|Checksum|TransportError|"
    r"JSONDecode|ResponseParser"  # an answer that was cut
)
_BROKEN_BODY: Final = re.compile(r"ClientPayload|ContentLength|TransferEncoding|IncompleteRead")
_DENIED_NAMES: Final = re.compile(r"Credential|AccessRestriction|Authentication|RefreshError")
_BUSY_CODES: Final = re.compile(
    r"SlowDown|InternalError|ServiceUnavailable|RequestTimeout\b|Throttl|BadDigest|Mismatch"
)
_DENIED_CODES: Final = re.compile(r"ExpiredToken|RequestTimeTooSkewed|InvalidAccessKeyId|SignatureDoesNotMatch")
_DENIED_HINTS: Final = (
    (r"ExpiredToken|token.*expired|expired.*token", "the credentials have expired: get new ones and try again"),
    (r"RequestTimeTooSkewed|too large|skew", "this machine's clock is wrong: set it (timedatectl set-ntp true)"),
    (r"SignatureDoesNotMatch", "the secret key does not belong to the access key: check AWS_SECRET_ACCESS_KEY"),
    (r"InvalidAccessKeyId", "the access key is unknown: check AWS_ACCESS_KEY_ID"),
    (r"NoCredentials|Unable to locate credentials", "no credentials were found"),
)
_HOW_TO_SIGN_IN: Final = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or check what this key may read and write",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS to a service account file that may read and write this bucket",
    "http": "the server wants a sign-in: check the address or use a signed URL",
    "synapse": "set SYNAPSE_AUTH_TOKEN to a token with view and download, and accept the file's conditions for use",
}


class TruncatedError(OSError):
    """A body shorter or longer than the store said."""


class AlteredError(OSError):
    """A body whose digest is not what it should be."""


def attempt(operation: Callable[[], T], *, what: str, policy: Policy | None = None) -> T:
    """Run one request against a store; try again while its faults are transient.

    Parameters
    ----------
    operation
        The request. It must be safe to repeat.
    what
        What is being done to which URI, for messages.

    Raises
    ------
    StorageError, FileMissingError, ConflictError
        At once for a permanent fault; TransientStorageError when the tries are used up.
    """
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

    policy = policy or Policy.from_environment()
    retrying = Retrying(
        retry=retry_if_exception(_is_worth_a_try),
        stop=stop_after_attempt(policy.attempts),
        wait=wait_random_exponential(multiplier=policy.first_wait, max=policy.longest_wait),
        before_sleep=lambda state: log.warning("try %d of %s", state.attempt_number + 1, redact(what)),
        reraise=True,
    )
    try:
        result: T = retrying(translated, operation, what=what)
    except TransientStorageError as error:
        error.given_up = True
        raise
    return result


def _is_worth_a_try(error: BaseException) -> bool:
    """Tell whether to try again: not where a request inside the operation has used up its own tries."""
    return isinstance(error, TransientStorageError) and not error.given_up


def translated(operation: Callable[[], T], *, what: str) -> T:
    """Run an operation; a store's own error comes out as one of ours, with nothing of the original attached.

    The original is dropped on purpose: its text, and those of its causes, may hold signed URLs and headers.
    """
    try:
        return operation()
    except SpatialCoreError:
        raise
    except (OSError, ValueError, RuntimeError, EOFError) as error:
        fault = explain(error, what=what)
    except ImportError as error:
        fault = DependencyError(redact(str(error)))
    except tuple(_foreign_errors()) as error:
        fault = explain(error, what=what)
    raise fault


def _foreign_errors() -> Iterator[type[Exception]]:
    """Yield the error classes of the client libraries in use that are not built-in ones."""
    import sys

    for module, name in (
        ("botocore.exceptions", "BotoCoreError"),
        ("botocore.exceptions", "ClientError"),
        ("aiohttp", "ClientError"),
        ("gcsfs.retry", "HttpError"),
        ("gcsfs.retry", "ChecksumError"),
        ("google.auth.exceptions", "GoogleAuthError"),
        ("asyncio", "TimeoutError"),
        ("tiledbsoma", "SOMAError"),
        ("synapseclient.core.exceptions", "SynapseError"),
        ("httpx", "HTTPError"),
    ):
        if module in sys.modules:
            yield getattr(sys.modules[module], name)


def explain(error: BaseException, *, what: str) -> SpatialCoreError:
    """Return our error for a store's error."""
    chain = list(_chain(error))
    seen = redact("; ".join(dict.fromkeys(f"{type(link).__name__}: {link}" for link in chain))[:600])
    text = redact(f"{what}: {seen}")
    if any(getattr(link, "errno", None) in FULL for link in chain):
        return StorageError(f"no space left: {text}", hint="free some space or choose another folder")
    if any(map(_is_broken_body, chain)):
        return TransientStorageError(text)
    status = next((code for code in map(_status, chain) if code), 0)
    if status == 412 or any(isinstance(link, FileExistsError) for link in chain):
        return ConflictError(f"{text}", hint="another process wrote it first: read it again")
    return _by_status(status, chain, text, what)


def _by_status(status: int, chain: list[BaseException], text: str, what: str) -> SpatialCoreError:
    if status in {408, 425, 429} or status >= 500 or (not status and any(map(_is_busy, chain))):
        return TransientStorageError(text, hint="the store did not answer properly; try again later")
    if status in {401, 403} or any(map(_is_denied, chain)) or _DENIED_CODES.search(text):
        return StorageError(f"refused: {text}", hint=_denied_hint(text, what))
    if status in {404, 410} or any(isinstance(link, FileNotFoundError) for link in chain):
        return FileMissingError(f"not there: {text}", hint="check the spelling of bucket, folder and file")
    if _BUSY_CODES.search(text):
        return TransientStorageError(text, hint="the store did not answer properly; try again later")
    return StorageError(text)


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
    """Tell a body that did not come whole. aiohttp gives such an error the code 400, which the store never sent."""
    return isinstance(error, TruncatedError | AlteredError) or bool(_BROKEN_BODY.search(type(error).__name__))


def _is_busy(error: BaseException) -> bool:
    if isinstance(error, FileNotFoundError | PermissionError):
        return False
    if isinstance(error, ConnectionError | TimeoutError | EOFError):
        return True
    return getattr(error, "errno", None) in _BUSY or bool(_BUSY_NAMES.search(type(error).__name__))


def _is_denied(error: BaseException) -> bool:
    forbidden = isinstance(error, OSError) and str(error).startswith("Forbidden")
    return isinstance(error, PermissionError) or forbidden or bool(_DENIED_NAMES.search(type(error).__name__))


def _denied_hint(text: str, what: str) -> str:
    for pattern, hint in _DENIED_HINTS:
        if re.search(pattern, text, re.IGNORECASE):
            return hint
    clouds = (name for name in ("s3", "gs", "synapse", "http") if f"{name}://" in what or f"{name}s://" in what)
    return _HOW_TO_SIGN_IN.get(next(clouds, ""), "check the credentials, and the owner and mode of local files")
