"""Data in Markdown: labels, names and error texts are shown as they are, and never read as Markdown or HTML."""

import re
from typing import Final

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|~&])")
_ADDRESS: Final = re.compile(r"(?i)(?<=[a-z]):(?=//)|(?<=\bwww)\.|(?<=\S)@|(?<=mailto):|(?<=xmpp):")  # made links of
_BREAKS: Final = re.compile(r"\s+")
_START: Final = re.compile(r"^(?:[-+=#]|\d+[.)])")  # what makes a line a list or a heading


def escape(text: object) -> str:
    """Return a text as one line of Markdown that shows just this text, also in a table.

    Examples
    --------
    >>> print(escape("[B|T](javascript:x) <b>"))
    \\[B\\|T\\](javascript:x) \\<b\\>
    """
    line = _SPECIAL.sub(r"\\\1", _BREAKS.sub(" ", str(text)).strip())
    line = _ADDRESS.sub(r"\\\g<0>", line)
    return _START.sub(_escaped_start, line)


def _escaped_start(match: re.Match[str]) -> str:
    return f"{match[0][:-1]}\\{match[0][-1]}"


def code(text: object) -> str:
    """Return a text as code: an address or an identifier, to be copied; also in a table.

    Examples
    --------
    >>> code("s3://bucket/a`b"), code("a|b")
    ('``s3://bucket/a`b``', '`a\\\\|b`')
    """
    line = _BREAKS.sub(" ", str(text)).strip()
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    padding = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return fence + padding + line.replace("|", "\\|") + padding + fence
