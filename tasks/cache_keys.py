"""Cache keys of stage results: stage, version of its code, its settings, and the identity of its inputs."""

from collections.abc import Iterable
from typing import Final

from spatialcore._version import __version__
from spatialcore.annotation.run_config import RunConfig
from spatialcore.annotation.stages import SETTINGS
from spatialcore.core.provenance import digest_of

# Increase a stage's number when its code changes the result for the same input: cached results are then not used.
# Results of another release of this package are never used.
CODE_VERSIONS: Final[dict[str, int]] = {
    "read_query": 4,
    "gather": 5,
    "combine": 8,
    "map_ontology": 9,
    "hold_out": 3,
    "balance": 3,
    "train": 16,
    "annotate": 28,
    "keep_confident": 15,
    "plot": 10,
}

TRAINING: Final = ("map_ontology", "balance", "train")  # and "combine", whose label columns belong to the references


def settings_digest(stage: str, config: RunConfig) -> str:
    """Return the digest of the settings that a stage depends on."""
    names = SETTINGS.get(stage, ())
    return config.training().digest(*names) if names else digest_of(None)


def training_settings(config: RunConfig) -> str:
    """Return the digest of the settings that determine the model, without the references."""
    return digest_of([settings_digest(stage, config) for stage in TRAINING])


def stage_key(stage: str, settings: str, inputs: Iterable[str]) -> str:
    """Return the cache key of a stage result.

    Parameters
    ----------
    stage
        One of ``CODE_VERSIONS``.
    settings
        Digest of the settings that the stage depends on, from :func:`settings_digest`.
    inputs
        Identities of the inputs: ``uri@token`` of references, digests of earlier results. The order matters.

    Returns
    -------
    str
        Name of the stage, ``-``, and 24 hexadecimal digits.
    """
    return f"{stage}-{digest_of([stage, __version__, CODE_VERSIONS[stage], settings, list(inputs)])[:24]}"
