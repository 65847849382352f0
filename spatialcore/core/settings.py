"""Settings of a session: how much is printed while functions run."""

import logging
from typing import Final, Literal, get_args

from spatialcore.errors import InputError

Verbosity = Literal["error", "warning", "info", "debug"]
VERBOSITIES: Final[tuple[Verbosity, ...]] = get_args(Verbosity)


class Settings:
    """What is printed to stderr, and in notebooks below the cell.

    Attributes
    ----------
    verbosity
        ``"error"``, ``"warning"`` (default), ``"info"`` or ``"debug"``, or its number from 0 to 3. Messages of this and
        all more severe levels are printed. ``"error"`` also turns off progress bars.
    progress
        Whether progress bars may be drawn. They are drawn in notebooks and on terminals only.

    Examples
    --------
    >>> import spatialcore
    >>> spatialcore.settings.verbosity = "info"
    >>> spatialcore.settings.verbosity
    'info'
    >>> spatialcore.settings.verbosity = 1
    >>> spatialcore.settings.verbosity
    'warning'
    """

    def __init__(self) -> None:
        self._verbosity: Verbosity = "warning"
        self._progress = True

    @property
    def verbosity(self) -> Verbosity:
        """Least severe level of the messages that are printed."""
        return self._verbosity

    @verbosity.setter
    def verbosity(self, value: Verbosity | int) -> None:
        names: dict[str | int, Verbosity] = {**{name: name for name in VERBOSITIES}, **dict(enumerate(VERBOSITIES))}
        if value not in names:
            raise InputError(
                f"verbosity is {value!r}", hint=f"choose one of {', '.join(VERBOSITIES)}, or a number from 0 to 3"
            )
        self._verbosity = names[value]
        logging.getLogger("spatialcore").setLevel(self._verbosity.upper())

    @property
    def progress(self) -> bool:
        """Whether progress bars may be drawn."""
        return self._progress and self._verbosity != "error"

    @progress.setter
    def progress(self, value: bool) -> None:
        self._progress = bool(value)

    def __repr__(self) -> str:
        return f"Settings(verbosity={self.verbosity!r}, progress={self.progress})"


settings = Settings()
