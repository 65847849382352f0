"""Mask credentials in logs, manifests, keys and error messages."""

import json
import logging
import os
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_OPTIONS: Final = "FSSPEC_"  # options of a file system as JSON, which may include its token or keys
_MIN_LENGTH: Final = 6
_MIN_LINE_LENGTH: Final = 24
_MASK: Final = "***"
_PATTERNS: Final = (
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*(?=@)"), _MASK),
    (
        re.compile(r"(?i)((?:x-amz-|x-goog-)?(?:signature|credential|security-token|access_token|sig)=)[^&\s'\"]+"),
        r"\1***",
    ),
    (re.compile(r"(?i)((?:awsaccesskeyid|googleaccessid|auth_?token|api_?key|password|secret)=)[^&\s'\"]+"), r"\1***"),
    (re.compile(r"(?i)(accountkey=)[^;\s'\"]+"), r"\1***"),
    (re.compile(r"(?i)(\bbearer\s+)[\w\-.~+/=]+"), r"\1***"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.S), _MASK),
)
_SECRET_NAME: Final = re.compile(
    r"(?i)^(key|secret|token|password)$|private_key|secret$|_token$|_key$|connection_string"
)
_values: set[str] = set()
_variables: set[str] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "SYNAPSE_AUTH_TOKEN",
    "PREFECT_API_KEY",
    "PREFECT_API_AUTH_STRING",
}


def remember_secret(*values: str | None) -> None:
    """Mask these values in all logs, messages and records of this package.

    Parameters
    ----------
    *values
        Passwords, tokens and keys; None and very short texts are ignored.

    Examples
    --------
    >>> remember_secret("hunter22-again")
    >>> redact("the password is hunter22-again")
    'the password is ***'
    """
    _values.update(value for value in values if value and len(value) >= _MIN_LENGTH)


def remember_secret_variables(*names: str) -> None:
    """Mask the values of these environment variables, whatever they are when a text is masked."""
    _variables.update(names)


def redact(text: str) -> str:
    """Return the text with known secrets, signatures and passwords masked.

    Parameters
    ----------
    text
        Any text, such as a log message.

    Returns
    -------
    str
        The masked text.

    Examples
    --------
    >>> redact("https://me:hunter22@host/x?X-Amz-Signature=abc&part=1")
    'https://***@host/x?X-Amz-Signature=***&part=1'
    """
    for secret in sorted(_secrets(), key=len, reverse=True):
        text = text.replace(secret, _MASK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class _Masking(logging.Filter):
    """Masks secrets in the log records of a client library."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the record's text, and the traceback it would show, by their masked form."""
        text = record.getMessage()
        if record.exc_info:
            text = "\n".join([text, "".join(traceback.format_exception(*record.exc_info))])
        record.msg, record.args, record.exc_info, record.exc_text = redact(text), None, None, None
        return True


def mask_logs_of(*names: str) -> None:
    """Mask secrets in the records of these loggers."""
    for name in names:
        logger = logging.getLogger(name)
        if not any(isinstance(each, _Masking) for each in logger.filters):
            logger.addFilter(_Masking())


def _secrets() -> set[str]:
    values = {os.environ.get(name, "") for name in _variables} | _google_secrets() | _option_secrets()
    # A private key has many lines, and a text may contain some of them.
    lines = {line for value in values if "\n" in value for line in value.splitlines() if len(line) >= _MIN_LINE_LENGTH}
    return _values | lines | {value for value in values if len(value) >= _MIN_LENGTH}


def _option_secrets() -> set[str]:
    """Return the tokens, keys and passwords among the file system options of the environment."""
    options = [(name, text) for name, text in os.environ.items() if name.startswith(_OPTIONS)]
    return {secret for name, text in options for secret in secret_values(_parsed(text), name)}


def _parsed(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except ValueError:
        return text  # a variable with one option
    return parsed


def secret_values(value: object, name: str = "") -> Iterator[str]:
    """Yield the texts of an option, or of a dictionary of options, whose name says that they are secret."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from secret_values(inner, str(key))
    elif isinstance(value, str) and _SECRET_NAME.search(name):
        yield value


def _google_secrets() -> set[str]:
    """Return the secret fields of the service account file, if there is one."""
    name = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    try:
        content = json.loads(Path(name).read_text()) if name else {}
    except (OSError, ValueError):
        return set()
    if not isinstance(content, dict):
        return set()
    return {str(content.get(key, "")) for key in ("private_key", "private_key_id", "refresh_token", "client_secret")}
