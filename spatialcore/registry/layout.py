"""Where a store keeps its models."""

from spatialcore import storage
from spatialcore.core.text.names import slug_of

RECORD = "version.json"
POINTER = "current.json"


def models_folder(store: str) -> str:
    """Return the URI of the folder of all models."""
    return f"{storage.root_of(store)}/models"


def tissue_folder(store: str, tissue: str) -> str:
    """Return the URI of the folder of a tissue's models."""
    return f"{models_folder(store)}/{slug_of(tissue, 'the tissue')}"


def pointer_uri(store: str, tissue: str) -> str:
    """Return the URI of the pointer to the version in use."""
    return f"{tissue_folder(store, tissue)}/{POINTER}"
