"""Sphinx extension: list the settings of a configuration class, with their descriptions, in its documentation."""

import dataclasses
import inspect
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    """Run before numpydoc, which sections of a docstring belong to."""
    app.connect("autodoc-process-docstring", add_settings, priority=100)
    app.connect("autodoc-process-signature", hide_signature, priority=100)
    return {"parallel_read_safe": True}


def add_settings(app: Sphinx, what: str, name: str, cls: Any, options: Any, lines: list[str]) -> None:
    """Append the fields of a pydantic model as a section "Parameters"."""
    if not _is_model(cls) or "Parameters" in lines:
        return
    lines += ["", "Parameters", "----------"]
    for field, info in cls.model_fields.items():
        lines += [f"{field} : {_type(info)}", f"    {_sentence(info)}"]


def hide_signature(
    app: Sphinx, what: str, name: str, cls: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str, None] | None:
    """Leave out the signature of a configuration class and of a dataclass: the table of its fields says the same."""
    if _is_model(cls):
        return "(**settings)", None
    return ("(...)", None) if inspect.isclass(cls) and dataclasses.is_dataclass(cls) else None


def _is_model(cls: Any) -> bool:
    return inspect.isclass(cls) and issubclass(cls, BaseModel)


def _type(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    default = info.get_default(call_default_factory=True)
    return f"default {default!r}"


def _sentence(info: FieldInfo) -> str:
    text = info.description or info.title or ""
    return f"{text.rstrip('.')}." if text else ""
