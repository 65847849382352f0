"""Put a version of a model into use, or the previous version again."""

from spatialcore.errors import ConflictError, InputError
from spatialcore.registry.model_versions import show
from spatialcore.registry.pointer import move_pointer
from spatialcore.registry.records import Pointer


def promote(store: str, tissue: str, version: str, *, reason: str = "", champion: str | None = None) -> Pointer:
    """Put a version into use. Promoting the version in use changes nothing.

    Parameters
    ----------
    store, tissue, version
        Version of the model of a tissue.
    reason
        Reason of the move, stored in the history.
    champion
        The version that this one was compared with. If another version is in use, an error is raised.

    Returns
    -------
    Pointer
        The pointer after the move.

    Raises
    ------
    FileMissingError
        There is no such version.
    ConflictError
        The version in use is not ``champion``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spatialcore.registry import publish
    >>> store = tempfile.mkdtemp()
    >>> model = Path(store) / "blood.pkl"
    >>> _ = model.write_text("content of a model")
    >>> version = publish(store, "blood", [model])
    >>> promote(store, "blood", version.version, reason="first model").moves[-1].reason
    'first model'
    """
    challenger = show(store, tissue, version).version

    def decide(pointer: Pointer | None) -> str:
        if champion is not None and pointer is not None and pointer.version not in {champion, challenger}:
            raise ConflictError(
                f"the {tissue} model in use is {pointer.version}, expected {champion}",
                hint="compare with the version in use",
            )
        return challenger

    return move_pointer(store, tissue, decide, reason)


def rollback(store: str, tissue: str, *, reason: str = "rollback") -> Pointer:
    """Put the previous version into use again.

    Parameters
    ----------
    store
        Folder or URI of the store.
    tissue
        Tissue of the model.
    reason
        Reason of the move, stored in the history.

    Returns
    -------
    Pointer
        The pointer after the move.

    Raises
    ------
    InputError
        There is no previous version.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spatialcore.registry import publish
    >>> store = tempfile.mkdtemp()
    >>> model = Path(store) / "blood.pkl"
    >>> _ = model.write_text("content of a model")
    >>> promote(store, "blood", publish(store, "blood", [model]).version).version
    'd440156f767e'
    >>> _ = model.write_text("content of another model")
    >>> promote(store, "blood", publish(store, "blood", [model]).version).version
    '036e24323dfb'
    >>> rollback(store, "blood").version
    'd440156f767e'
    """

    def decide(pointer: Pointer | None) -> str:
        if pointer is None or pointer.previous is None:
            raise InputError(f"{tissue} has no previous version", hint="promote a version by its name")
        return pointer.previous

    return move_pointer(store, tissue, decide, reason)
