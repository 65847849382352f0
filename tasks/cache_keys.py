"""The key of a phase's result: what the phase is, how it is written, the settings it uses, and what goes into it."""

from collections.abc import Iterable
from typing import Final

from spatialcore._version import __version__
from spatialcore.annotation.run_config import RunConfig
from spatialcore.annotation.stages import SETTINGS
from spatialcore.core.provenance import digest_of

# Raise a phase's number when its code gives another result for the same input: old results are then not found. Between
# releases, that is: a result of another release of this package is never found.
CODE_VERSIONS: Final[dict[str, int]] = {
    "read_query": 2,
    "gather": 3,
    "combine": 6,
    "map_ontology": 9,
    "hold_out": 2,
    "balance": 3,
    "train": 6,
    "annotate": 7,
    "keep_confident": 6,
    "plot": 5,
}

TRAINING: Final = ("map_ontology", "balance", "train")  # and "combine", whose label columns belong to the references


def settings_digest(phase: str, config: RunConfig) -> str:
    """Return the digest of the settings that a phase depends on."""
    names = SETTINGS.get(phase, ())
    return config.training().digest(*names) if names else digest_of(None)


def training_settings(config: RunConfig) -> str:
    """Return the digest of everything in the configuration, references apart, that decides what the model is."""
    return digest_of([settings_digest(phase, config) for phase in TRAINING])


def stage_key(phase: str, settings: str, inputs: Iterable[str]) -> str:
    """Return the cache key of a phase, with a readable prefix.

    Parameters
    ----------
    phase
        One of ``CODE_VERSIONS``.
    settings
        Digest of the settings that the phase uses.
    inputs
        Identities of what goes in: ``uri@token`` of references, content of earlier results. Their order counts.
    """
    return f"{phase}-{digest_of([phase, __version__, CODE_VERSIONS[phase], settings, list(inputs)])[:24]}"
