"""A tissue of the service: where its references are, what its panel is, when it is looked after."""

import importlib.resources
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import yaml
from prefect.client.schemas.schedules import CronSchedule
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spatialcore import storage
from spatialcore.annotation.config import AnnotationSettings
from spatialcore.annotation.run_config import Reference
from spatialcore.errors import InputError

TISSUES: Final = "SPATIALCORE_TISSUES"


class Schedule(BaseModel):
    """When references are looked after. A refresh costs downloads and a training, so it is paused until asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cron: str
    timezone: str = "Etc/UTC"
    active: bool = False

    @model_validator(mode="after")
    def _prefect_takes_it(self) -> Self:
        CronSchedule(cron=self.cron, timezone=self.timezone)
        return self


class Tissue(AnnotationSettings):
    """One file of ``deployments/tissues``; any setting of a run may stand in it as well.

    Parameters
    ----------
    title
        The name for people.
    references
        Labelled data sets and their label columns.
    panel
        A file of the platform whose genes the tissue's model is trained for; below the store, or a URI.
    samples
        The folder where new samples arrive; below the store, or a URI.
    schedule
        When the references are looked after.
    """

    title: str = Field(..., min_length=1)
    references: list[Reference] = Field(..., min_length=1)
    panel: str = Field(..., min_length=1)
    samples: str = Field(..., min_length=1)
    schedule: Schedule

    @classmethod
    def read(cls, name: str, text: str) -> Self:
        """Read a tissue's file; its name is the tissue's.

        Raises
        ------
        InputError
            The file is not YAML, or a setting is unknown or wrong; all faults are named.
        """
        file = f"{name}.yaml"
        try:
            content, node = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise InputError(f"{file}:{line}: not YAML: {error.problem}", hint="compare with lung.yaml") from None
        except yaml.YAMLError as error:
            raise InputError(f"{file}:1: not YAML: {error}", hint="compare with lung.yaml") from None
        if not isinstance(content, dict):
            raise InputError(f"{file}:1: not a mapping of settings", hint="write one 'key: value' a line")
        if "tissue" in content:
            line = _line_of(node, ("tissue",))
            raise InputError(f"{file}:{line}: tissue: the name of the file is the name", hint="remove this line")
        try:
            return cls.model_validate({"tissue": name, **content})
        except ValidationError as error:
            faults = [_fault_in_words(file, node, fault) for fault in error.errors()]
            raise InputError("\n".join(faults), hint="compare with lung.yaml") from None

    def settings(self) -> dict[str, Any]:
        """Return the run's settings that the file gives, and only these: the rest is the form's defaults."""
        return self.model_dump(mode="json", include=set(AnnotationSettings.model_fields), exclude_unset=True)


def _fault_in_words(file: str, node: yaml.Node | None, fault: Any) -> str:
    where = tuple(fault["loc"])
    said = "there is no such setting" if fault["type"] == "extra_forbidden" else fault["msg"]
    words = said.removeprefix("Value error, ").partition("\n")[0]
    return f"{file}:{_line_of(node, where)}: {'.'.join(map(str, where)) or 'settings'}: {words}"


def _line_of(node: yaml.Node | None, where: Sequence[str | int]) -> int:
    """Return the line of a setting, or of the part of it that is there."""
    line = 1
    for step in where:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == step), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def load_tissues(environment: Mapping[str, str] = os.environ) -> list[Tissue]:
    """Return the tissues of this installation, by name.

    They are the files ``*.yaml`` of the folder that ``SPATIALCORE_TISSUES`` names (a path, ``s3://`` or ``gs://``), and
    nothing else; without it, those that come with the package.

    Raises
    ------
    InputError
        The folder has no such file, or a file has a fault: all faults of all files are named with their lines.
    """
    place = environment.get(TISSUES, "")
    if not place:
        return shipped_tissues()
    uris = [uri for uri in storage.list_files(place) if uri.endswith(".yaml")]
    if not uris:
        raise InputError(f"{TISSUES}={place}: no .yaml file is there", hint="one file a tissue: lung.yaml, tonsil.yaml")
    return _read_all({uri.rpartition("/")[2].removesuffix(".yaml"): storage.read_text(uri) for uri in uris})


def shipped_tissues() -> list[Tissue]:
    """Return every tissue of ``deployments/tissues``, by name."""
    folder = importlib.resources.files("deployments") / "tissues"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return _read_all({file.name.removesuffix(".yaml"): file.read_text() for file in files})


def _read_all(texts: Mapping[str, str]) -> list[Tissue]:
    tissues, faults = [], []
    for name, text in sorted(texts.items()):
        try:
            tissues.append(Tissue.read(name, text))
        except InputError as error:
            faults.append(error.message)
    if faults:
        raise InputError("\n".join(faults), hint="compare with deployments/tissues/lung.yaml")
    return tissues
