"""Base class of configurations, and errors that name every wrong setting."""

import dataclasses
import re
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from spatialcore.core.files import read_yaml
from spatialcore.core.provenance import digest_of
from spatialcore.core.text.setting_faults import UNKNOWN_NAME, fault_texts, path_of, similar_names
from spatialcore.errors import InputError, SpatialCoreError
from spatialcore.storage.secrets import redact


def _dataclass_fields(settings: type[BaseModel]) -> dict[str, dataclasses.Field[Any]]:
    """Return the fields that a dataclass of the same settings would have."""
    fields = [(name, info.annotation, _dataclass_field(info)) for name, info in settings.model_fields.items()]
    return {each.name: each for each in dataclasses.fields(dataclasses.make_dataclass("Fields", fields, kw_only=True))}


def _dataclass_field(info: FieldInfo) -> Any:
    if info.is_required():
        return dataclasses.field()
    if info.default_factory is not None:
        return dataclasses.field(default_factory=lambda: info.get_default(call_default_factory=True))
    return dataclasses.field(default=info.default)


class _SettingsType(type(BaseModel)):  # type: ignore[misc]
    """Makes the constructor raise the same errors as :meth:`Settings.from_dict`."""

    def __call__(cls, *args: Any, **content: Any) -> Any:
        """Create an instance."""
        try:
            return super().__call__(*args, **content)
        except ValidationError as error:
            raise _as_input_error(error, cls, cls.__name__) from error


class Settings(BaseModel, metaclass=_SettingsType):
    """Base class of configurations: refuses unknown keys, checks values, reads and writes YAML."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]] = {}

    @classmethod
    def from_yaml(cls, path: str | Path) -> Self:
        """Read and check a YAML file."""
        return cls.from_dict(read_yaml(Path(path)), origin=str(path))

    @classmethod
    def from_dict(cls, content: dict[str, Any], origin: str = "configuration") -> Self:
        """Check a mapping of settings; every fault is named in one error."""
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise _as_input_error(error, cls, origin) from error

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as a dict of plain values; :meth:`from_dict` reads it."""
        return self.model_dump(mode="json")

    def to_yaml(self, path: str | Path | None = None) -> str:
        """Return the settings as YAML, secrets of URLs masked, and write it where a path is given."""
        text = redact(yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False))
        if path is not None:
            Path(path).write_text(text)
        return text

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Let ``dataclasses.fields``, ``asdict`` and ``replace`` accept the settings, as they do a dataclass."""
        cls.__dataclass_fields__ = _dataclass_fields(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        """Check and set a value; an invalid one raises `InputError`, as in the constructor."""
        try:
            super().__setattr__(name, value)
        except ValidationError as error:
            raise _as_input_error(error, type(self), type(self).__name__) from error

    def __dask_tokenize__(self) -> str:
        """Return the key of the settings in a dask graph; dask takes them for a dataclass otherwise."""
        return f"{type(self).__name__}-{self.digest()}"

    def digest(self, *fields: str) -> str:
        """Return the sha256 of the canonical JSON of all settings, or of the named ones."""
        return digest_of(self.model_dump(mode="json", include=set(fields) if fields else None))


def _as_input_error(error: ValidationError, settings: Any, origin: str) -> InputError:
    texts = "; ".join(fault_texts(error.errors()))
    return InputError(f"{origin}: {texts}", hint=_advice(error, settings.model_json_schema()))


def _advice(error: ValidationError, schema: dict[str, Any]) -> str:
    """Return what is similar to each unknown name and value, or all settings if no name is similar.

    The hint of an error of this package is the advice for its setting.
    """
    hints: list[str] = []
    suggestions: list[str] = []
    for fault in error.errors():
        cause = fault.get("ctx", {}).get("error")
        if isinstance(cause, SpatialCoreError) and cause.hint:
            hints.append(cause.hint)
            continue
        settings = _settings_at(schema, fault["loc"])
        matches = similar_names(fault, settings)
        if fault["type"] in UNKNOWN_NAME and not matches:
            where = "" if len(fault["loc"]) == 1 else f" of {fault['loc'][0]}"
            return f"settings{where}: {', '.join(settings)}"
        if matches:
            suggestions.append(f"{path_of(fault)}: did you mean {' or '.join(matches)}?")
    return (
        " ".join([*suggestions, *(["; ".join(dict.fromkeys(hints))] if hints else [])])
        or "correct the settings named above"
    )


def _settings_at(schema: dict[str, Any], location: tuple[Any, ...]) -> dict[str, str]:
    """Return the titles of the settings beside that of a fault: those of the configuration, or of an entry in it."""
    entry = re.search(r"#/\$defs/(\w+)", str(schema.get("properties", {}).get(location[0]))) if location[1:] else None
    return _titles(schema["$defs"][entry[1]] if entry else schema)


def _titles(schema: dict[str, Any]) -> dict[str, str]:
    return {name: field.get("title", "") for name, field in schema.get("properties", {}).items()}
