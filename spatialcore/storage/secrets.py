"""Keeping credentials out of logs, manifests, keys and error texts."""

import json
import logging
import os
import re
import traceback
from pathlib import Path
from typing import Final

_VARIABLES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "SYNAPSE_AUTH_TOKEN",
    "PREFECT_API_KEY",
    "PREFECT_API_AUTH_STRING",
)
_SHORTEST: Final = 6
_MASK: Final = "***"
_PATTERNS: Final = (
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*(?=@)"), _MASK),
    (
        re.compile(r"(?i)((?:x-amz-|x-goog-)?(?:signature|credential|security-token|access_token|sig)=)[^&\s'\"]+"),
        r"\1***",
    ),
    (re.compile(r"(?i)((?:awsaccesskeyid|googleaccessid|auth_?token|api_?key|password|secret)=)[^&\s'\"]+"), r"\1***"),
    (re.compile(r"(?i)(\bbearer\s+)[\w\-.~+/=]+"), r"\1***"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.S), _MASK),
)
_told: set[str] = set()


def remember_secret(*values: str | None) -> None:
    """Have these values masked in every text that leaves this package."""
    _told.update(value for value in values if value and len(value) >= _SHORTEST)


def redact(text: str) -> str:
    """Return the text with known secrets, signatures and passwords masked.

    Examples
    --------
    >>> redact("https://me:hunter22@host/x?X-Amz-Signature=abc&part=1")
    'https://***@host/x?X-Amz-Signature=***&part=1'
    """
    for secret in sorted(_known(), key=len, reverse=True):
        text = text.replace(secret, _MASK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class _Masking(logging.Filter):
    """Masks secrets in the records of a client library, whose lines are not ours to write."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the record's text by its masked form, with the traceback that it would show."""
        text = record.getMessage()
        if record.exc_info:
            text = "\n".join([text, "".join(traceback.format_exception(*record.exc_info))])
        record.msg, record.args, record.exc_info, record.exc_text = redact(text), None, None, None
        return True


def mask_logs_of(*names: str) -> None:
    """Have these loggers say no secret."""
    for name in names:
        logger = logging.getLogger(name)
        if not any(isinstance(known, _Masking) for known in logger.filters):
            logger.addFilter(_Masking())


def _known() -> set[str]:
    values = {os.environ.get(name, "") for name in _VARIABLES} | _google_secrets()
    return _told | {value for value in values if len(value) >= _SHORTEST}


def _google_secrets() -> set[str]:
    """Return the secret parts of the service account file, where there is one."""
    name = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    try:
        content = json.loads(Path(name).read_text()) if name else {}
    except (OSError, ValueError):
        return set()
    if not isinstance(content, dict):
        return set()
    return {str(content.get(key, "")) for key in ("private_key", "private_key_id", "refresh_token", "client_secret")}
