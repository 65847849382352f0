"""Names of task runs. They stand in every log line, so no secret of a URL may be in them."""

from collections.abc import Callable
from typing import Any

from spatialcore import storage


def masked(template: str) -> Callable[..., str]:
    """Return how a task run is called: by its parameters, passwords and signatures of URLs masked.

    Parameters
    ----------
    template
        With the task's parameters in braces.
    """

    def name(parameters: dict[str, Any]) -> str:
        return storage.redact(template.format(**parameters))

    return name
