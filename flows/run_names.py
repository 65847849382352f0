"""Names of flow runs: the tissue and its samples, unless the user entered a name."""

from typing import Any, Final

from spatialcore import storage

MAX_SAMPLES: Final = 3  # sample names in the name of a run; further samples are counted


def run_name() -> str:
    """Return the name of the flow run that is starting.

    A name that the user entered in the form is kept; a name that Prefect generated is replaced.
    """
    from prefect.runtime import flow_run

    name = str(flow_run.name or "")
    return name if name and not _is_generated(name) else storage.redact(describe(flow_run.parameters["config"]))


def describe(config: Any) -> str:
    """Return the tissue of a configuration and the names of its samples.

    Examples
    --------
    >>> from flows.parameters import AnnotateParameters
    >>> describe(AnnotateParameters(tissue="lung", queries=["a.h5ad", "b.h5ad", "c.h5ad", "d.h5ad", "e.h5ad"]))
    'lung: a, b, c and 2 more'
    """
    samples = [query.name for query in config.queries]
    more = f" and {len(samples) - MAX_SAMPLES} more" if len(samples) > MAX_SAMPLES else ""
    return f"{config.tissue}: {', '.join(samples[:MAX_SAMPLES])}{more}"


def _is_generated(name: str) -> bool:
    """Return whether Prefect generated the name: an adjective and an animal of its word lists."""
    from coolname.data import config

    adjective_and_animal = name.split("-")
    return len(adjective_and_animal) == 2 and all(_in_lists(word, config) for word in adjective_and_animal)


def _in_lists(word: str, lists: dict[str, Any]) -> bool:
    return any(word in entry.get("words", ()) for entry in lists.values())
