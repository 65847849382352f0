"""What a source of references is: something with a version that can write one h5ad, and say where it came from."""

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

from spatialcore.errors import InputError
from spatialcore.storage.uri import STORES, scheme_of

Metadata = dict[str, Any]

# Scheme -> module and class; imported when first used.
_REGISTRY: Final[dict[str, tuple[str, str]]] = {
    **dict.fromkeys(STORES, ("spatialcore.sources.files", "FileSource")),
    "cellxgene": ("spatialcore.sources.cellxgene", "open_cellxgene"),
    "synapse": ("spatialcore.sources.synapse", "SynapseSource"),
}


class Source(Protocol):
    """Where a reference comes from."""

    @property
    def uri(self) -> str:
        """Canonical URI, without secrets, with everything that decides what is fetched."""

    @property
    def name(self) -> str:
        """File name for a local copy."""

    def token(self) -> str:
        """Version token: changes when the reference does."""

    def fetch(self, target: Path) -> Metadata:
        """Write the reference to a local file, whole or not at all; return where it came from."""


def open_source(uri: str | Path, **options: Any) -> Source:
    """Return the source that a URI names.

    Parameters
    ----------
    uri
        A path, or a URI of a known scheme.
    options
        What the source takes: ``max_cells``, ``auth_token`` and so on.

    Raises
    ------
    InputError
        If the scheme or an option is unknown.
    """
    scheme = scheme_of(uri)
    if scheme not in _REGISTRY:
        near = get_close_matches(scheme, _REGISTRY, n=2)
        known = ", ".join(f"{name}://" for name in _REGISTRY)
        raise InputError(
            f"no source speaks {scheme}://", hint=f"did you mean {near[0]}://?" if near else f"known: {known}"
        )
    module, name = _REGISTRY[scheme]
    maker: Callable[..., Source] = getattr(import_module(module), name)
    return maker(str(uri), **options)


def refuse_unknown(options: dict[str, Any], known: tuple[str, ...], *, of: str) -> None:
    """Raise for options that a source does not take, naming near matches."""
    for name in options:
        if name not in known:
            near = get_close_matches(name, known, n=2, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known) or 'none'}"
            raise InputError(f"{of} takes no {name!r}", hint=hint)
