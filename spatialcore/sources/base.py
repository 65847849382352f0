"""Protocol of reference sources, and the registry of URI schemes."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol, TypedDict, Unpack

from spatialcore.errors import InputError
from spatialcore.storage.backends import SCHEMES
from spatialcore.storage.uri import scheme_of

Metadata = dict[str, Any]
"""JSON-like description of where a reference comes from: URIs, versions, citations, licence."""

# Scheme -> module and class, imported on first use.
_REGISTRY: Final[dict[str, tuple[str, str]]] = {
    **dict.fromkeys(SCHEMES, ("spatialcore.sources.files", "FileSource")),
    "cellxgene": ("spatialcore.sources.cellxgene", "open_cellxgene"),
    "synapse": ("spatialcore.sources.synapse", "SynapseSource"),
}


class SourceOptions(TypedDict, total=False):
    """Options of sources; a source refuses those that it does not support.

    Parameters
    ----------
    max_cells
        Number of cells to sample (cellxgene://).
    random_state
        Seed of the sample (cellxgene://).
    auth_token
        Personal access token (synapse://).
    """

    max_cells: int | None
    random_state: int
    auth_token: str | None


class Source(Protocol):
    """Source of one reference: a versioned data set that can be written as one h5ad file."""

    @property
    def uri(self) -> str:
        """Canonical URI without secrets; it includes all options that affect the content."""

    @property
    def name(self) -> str:
        """File name for a local copy."""

    def token(self) -> str:
        """Return the version token, which changes when the reference changes."""

    def fetch(self, target: Path) -> Metadata:
        """Write the reference to a local file, atomically, and return its metadata."""


def open_source(uri: str | Path, **options: Unpack[SourceOptions]) -> Source:
    """Return the source of a URI.

    Parameters
    ----------
    uri
        A path, or a URI with a supported scheme.
    options
        Options of the source, such as ``max_cells`` or ``auth_token``.

    Returns
    -------
    Source
        Object with ``uri``, ``name``, ``token()`` and ``fetch(target)``.

    Raises
    ------
    InputError
        The scheme or an option is not supported.

    Examples
    --------
    >>> open_source("references/atlas.h5ad").name
    'atlas.h5ad'
    """
    scheme = scheme_of(uri)
    if scheme not in _REGISTRY:
        near = get_close_matches(scheme, _REGISTRY, n=2)
        supported = ", ".join(f"{name}://" for name in _REGISTRY)
        raise InputError(
            f"unsupported URI scheme {scheme}://",
            hint=f"did you mean {near[0]}://?" if near else f"supported: {supported}",
        )
    module, name = _REGISTRY[scheme]
    factory: Callable[..., Source] = getattr(import_module(module), name)
    return factory(str(uri), **options)


def refuse_unknown(options: Iterable[str], supported: tuple[str, ...], *, of: str) -> None:
    """Raise for options that a source does not support; the hint names similar options."""
    for name in options:
        if name not in supported:
            near = get_close_matches(name, supported, n=2, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else f"supported: {', '.join(supported) or 'none'}"
            raise InputError(f"{of} has no option {name!r}", hint=hint)
