"""One class for each URI scheme, imported when first used.

To support another store, write a subclass of `base.Backend` in a file of its own and add a line to `BACKENDS`.
"""

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Final

from spatialcore.errors import InputError
from spatialcore.storage.backends.base import Backend

# Schemes (the first one is the canonical spelling) -> module and class.
BACKENDS: Final[dict[tuple[str, ...], tuple[str, str]]] = {
    ("file", "local"): ("local", "LocalBackend"),
    ("memory",): ("memory", "MemoryBackend"),
    ("s3", "s3a", "s3n"): ("s3", "S3Backend"),
    ("gs", "gcs"): ("gcs", "GCSBackend"),
    ("http",): ("http", "HTTPBackend"),
    ("https",): ("http", "HTTPBackend"),
    ("az", "abfs", "abfss"): ("azure", "AzureBackend"),
}
SCHEMES: Final = tuple(names[0] for names in BACKENDS)
ALIASES: Final = {alias: names[0] for names in BACKENDS for alias in names[1:]}


@cache
def backend_of(scheme: str) -> Backend:
    """Return the backend of a scheme in its canonical spelling.

    Raises
    ------
    InputError
        If no backend supports the scheme.

    Examples
    --------
    >>> backend_of("s3").writable
    True
    """
    for names, (module, name) in BACKENDS.items():
        if scheme == names[0]:
            backend: Backend = getattr(import_module(f"{__name__}.{module}"), name)(scheme)
            return backend
    matches = get_close_matches(scheme, (*SCHEMES, *ALIASES), n=2)
    hint = f"did you mean {' or '.join(f'{match}://' for match in matches)}?" if matches else ""
    supported = f"supported: {', '.join(f'{name}://' for name in SCHEMES)}"
    raise InputError(f"unsupported URI scheme {scheme}://", hint=hint or supported)
