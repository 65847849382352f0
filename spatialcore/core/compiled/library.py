"""Libraries that are compiled from the C sources of the package when it is built."""

import ctypes
from collections.abc import Callable
from pathlib import Path

from spatialcore.core.logging import get_logger

log = get_logger(__name__)


def load_library(path: Path, declare: Callable[[ctypes.CDLL], None]) -> ctypes.CDLL | None:
    """Load a compiled library; ``None`` if there is none for this machine, or one of an older source.

    Parameters
    ----------
    path
        The ``.so`` file beside its source.
    declare
        Declares the types of the functions; raises AttributeError if one is missing.
    """
    try:
        loaded = ctypes.CDLL(str(path))
        declare(loaded)
    except OSError:
        return None
    except AttributeError:
        log.warning("%s was built from an older source and is not used: install the package again", path)
        return None
    return loaded
