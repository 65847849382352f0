"""Model registry of a store: immutable versions, and one pointer per tissue to the version in use.

``models/{tissue}/{version}/`` has the model files, card, plots, report and, written last, ``version.json``. The version
is a digest of the model files, so publishing the same model twice gives one version. The record has file names
relative to the root of the store: a store can be copied or renamed. ``models/{tissue}/current.json`` is the pointer. It
is updated by conditional writes, and contains the history of its moves.
"""

from spatialcore.registry.model_versions import show, tissues, versions
from spatialcore.registry.pointer import current
from spatialcore.registry.promotion import promote, rollback
from spatialcore.registry.publication import model_uri_of, name_of, publish
from spatialcore.registry.records import ModelVersion, Move, Pointer

__all__ = [
    "ModelVersion",
    "Move",
    "Pointer",
    "current",
    "model_uri_of",
    "name_of",
    "promote",
    "publish",
    "rollback",
    "show",
    "tissues",
    "versions",
]
