"""A tissue of the service: where its references are, what its panel is, when it is looked after."""

import importlib.resources
from typing import Any, Self

import yaml
from prefect.client.schemas.schedules import CronSchedule
from pydantic import BaseModel, ConfigDict, Field, model_validator

from spatialcore.annotation.config import AnnotationSettings
from spatialcore.annotation.run_config import Reference
from spatialcore.errors import InputError


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
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InputError(f"{name}.yaml is not YAML: {error}", hint="compare with lung.yaml") from error
        if not isinstance(content, dict) or "tissue" in content:
            raise InputError(
                f"{name}.yaml holds no mapping, or names the tissue", hint="the file's name is the tissue's name"
            )
        return cls.from_dict({"tissue": name, **content}, origin=f"{name}.yaml")

    def settings(self) -> dict[str, Any]:
        """Return the run's settings that the file gives, and only these: the rest is the form's defaults."""
        return self.model_dump(mode="json", include=set(AnnotationSettings.model_fields), exclude_unset=True)


def load_tissues() -> list[Tissue]:
    """Return every tissue of ``deployments/tissues``, by name."""
    folder = importlib.resources.files("deployments") / "tissues"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return [Tissue.read(file.name.removesuffix(".yaml"), file.read_text()) for file in files]
