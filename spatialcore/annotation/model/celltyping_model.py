"""A model in memory."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from spatialcore.annotation.model.calibration import Calibration
from spatialcore.annotation.model.cohort import Cohort
from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.ontology.hierarchy import label_of
from spatialcore.core.normalization import TARGET_SUM
from spatialcore.core.provenance import sha256_of_file
from spatialcore.core.types import Floats, JsonObject


@dataclass(frozen=True)
class CellTypingModel:
    """A trained model, ready to score cells.

    Parameters
    ----------
    classes
        Names of the classes, in the order of the scores.
    genes
        Gene symbols that the model reads.
    linear
        The linear model, as in CellTypist.
    ontology_ids
        Class -> Cell Ontology id, or empty text.
    colors
        Class -> hex colour.
    target_sum
        Total of a cell over the model's genes before log1p.
    auxiliary
        Auxiliary linear model (input log1p at 10,000), trained on the unchanged reference; a feature of the
        calibration. ``None`` without calibration.
    profiles
        Expected share of each gene per class on the query's platform, classes x genes; ``None`` without calibration.
    reference_profiles
        The same in the reference, as it was measured; ``None`` where it was not recorded.
    background
        Mean profile of the query that the model was matched to, one share per gene; ``None`` where it was not recorded.
    calibration
        Converts scores into the probability that a call is right; ``None`` for models of other packages.
    cohort
        For a model of several samples: the parameters of each sample.
    metadata
        Content of the sidecar.
    """

    classes: tuple[str, ...]
    genes: tuple[str, ...]
    linear: Standardized
    ontology_ids: dict[str, str] = field(default_factory=dict)
    colors: dict[str, str] = field(default_factory=dict)
    target_sum: float = TARGET_SUM
    auxiliary: Standardized | None = None
    profiles: Floats | None = None
    reference_profiles: Floats | None = None
    background: Floats | None = None
    calibration: Calibration | None = None
    cohort: Cohort | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None

    def __repr__(self) -> str:
        name = self.path.name if self.path else self.metadata.get("name", "not saved")
        calibrated = "calibrated" if self.calibration else "not calibrated"
        return f"CellTypingModel({name}: {len(self.classes)} classes, {len(self.genes)} genes, {calibrated})"

    @cached_property
    def sha256(self) -> str:
        """Digest of the pickle; empty for a model that was not saved."""
        return sha256_of_file(self.path) if self.path else ""

    @property
    def ambient_share(self) -> float:
        """Share of the background in the profiles; 0 for a model that is not matched to a query."""
        return float((self.metadata.get("platform") or {}).get("ambient_share", 0.0))

    def for_sample(self, name: str) -> Self:
        """Return the model as it is for one sample of its cohort; without a sample of this name, the model itself."""
        sample = self.cohort.sample(name) if self.cohort else None
        if self.cohort is None or sample is None:
            return self
        about: JsonObject = {"calibration": sample.calibration.to_dict(), "target_sum": sample.target_sum}
        platform = {**(self.metadata.get("platform") or {}), **sample.platform}
        about["sample"] = {"name": name, "unlike": sample.unlike}
        return replace(
            self,
            linear=replace(self.linear, mean=sample.mean, scale=sample.scale),
            target_sum=sample.target_sum,
            profiles=sample.profiles(self.cohort.shares),
            background=sample.background,
            calibration=sample.calibration,
            metadata={**self.metadata, **about, "platform": platform},
        )

    @property
    def ontology_names(self) -> dict[str, str]:
        """Class -> Cell Ontology name, or empty text without an id.

        A class may have a name of its own (``class_names="labels"``); ids that the ontology lacks keep it.
        """
        return {name: label_of(name, self.ontology_ids.get(name, "")) for name in self.classes}
