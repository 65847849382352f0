"""Settings of the tissues: references, panel, samples and the schedule of the refresh."""

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
from spatialcore.core.text.setting_faults import fault_texts
from spatialcore.errors import InputError

TISSUES: Final = "SPATIALCORE_TISSUES"


class Schedule(BaseModel):
    """The schedule of the refresh. It is off by default, because a refresh downloads references and trains a model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cron: str
    timezone: str = "Etc/UTC"
    active: bool = False

    @model_validator(mode="after")
    def _is_valid_for_prefect(self) -> Self:
        CronSchedule(cron=self.cron, timezone=self.timezone)
        return self


class Tissue(AnnotationSettings):
    """Settings of one tissue, from a file in ``deployments/tissues``. All settings of a run are allowed as well.

    Parameters
    ----------
    title
        Display name.
    references
        URIs and label columns of the references.
    panel
        A query file with the genes for which the model is trained: a path in the store, or a URI.
    samples
        The folder for new samples: a path in the store, or a URI.
    schedule
        The schedule of the refresh.
    """

    title: str = Field(..., min_length=1)
    references: list[Reference] = Field(..., min_length=1)
    panel: str = Field(..., min_length=1)
    samples: str = Field(..., min_length=1)
    schedule: Schedule

    @classmethod
    def read(cls, name: str, text: str) -> Self:
        """Parse the file of a tissue.

        Parameters
        ----------
        name
            Name of the tissue: the name of the file without ``.yaml``.
        text
            Content of the file.

        Raises
        ------
        InputError
            The file is not valid YAML, or settings are unknown or invalid; the message lists all of them.
        """
        file = f"{name}.yaml"
        try:
            content, node = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise InputError(f"{file}:{line}: invalid YAML: {error.problem}", hint="compare with lung.yaml") from None
        except yaml.YAMLError as error:
            raise InputError(f"{file}:1: invalid YAML: {error}", hint="compare with lung.yaml") from None
        if not isinstance(content, dict):
            raise InputError(f"{file}:1: not a mapping of settings", hint="write one 'key: value' per line")
        if "tissue" in content:
            line = _line_of(node, ("tissue",))
            raise InputError(
                f"{file}:{line}: tissue: the name of the file is the name of the tissue", hint="remove this line"
            )
        try:
            return cls.model_validate({"tissue": name, **content})
        except ValidationError as error:
            messages = [
                f"{file}:{_line_of(node, fault['loc'])}: {text}"
                for fault in error.errors()
                for text in fault_texts([fault])
            ]
            raise InputError("\n".join(messages), hint="compare with lung.yaml") from None

    def settings(self) -> dict[str, Any]:
        """Return the settings of a run that the file contains, without defaults."""
        return self.model_dump(mode="json", include=set(AnnotationSettings.model_fields), exclude_unset=True)


def _line_of(node: yaml.Node | None, path: Sequence[str | int]) -> int:
    """Return the line of a setting; if it is missing, the line of the mapping or list that lacks it."""
    line = 1
    for step in path:
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
    """Return the tissues of this installation.

    Parameters
    ----------
    environment
        Environment variables. ``SPATIALCORE_TISSUES`` names a folder (a path or URI) whose ``*.yaml`` files are the
        tissues; without it, they are those of the package.

    Returns
    -------
    list of Tissue
        In alphabetical order.

    Raises
    ------
    InputError
        The folder has no such file, or files are invalid; the message lists the problems of all files with their lines.
    """
    folder = environment.get(TISSUES, "")
    if not folder:
        return shipped_tissues()
    uris = [uri for uri in storage.list_files(folder) if uri.endswith(".yaml")]
    if not uris:
        raise InputError(
            f"{TISSUES}={folder}: the folder has no .yaml file", hint="add one file per tissue, such as lung.yaml"
        )
    return _read_all({uri.rpartition("/")[2].removesuffix(".yaml"): storage.read_text(uri) for uri in uris})


def shipped_tissues() -> list[Tissue]:
    """Return the tissues of ``deployments/tissues``, in alphabetical order.

    Examples
    --------
    >>> [tissue.tissue for tissue in shipped_tissues()][:3]
    ['blood', 'brain', 'breast']
    """
    folder = importlib.resources.files("deployments") / "tissues"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return _read_all({file.name.removesuffix(".yaml"): file.read_text() for file in files})


def _read_all(texts: Mapping[str, str]) -> list[Tissue]:
    tissues, problems = [], []
    for name, text in sorted(texts.items()):
        try:
            tissues.append(Tissue.read(name, text))
        except InputError as error:
            problems.append(error.message)
    if problems:
        raise InputError("\n".join(problems), hint="compare with deployments/tissues/lung.yaml")
    return tissues
