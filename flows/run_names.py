"""Names of flow runs: the tissue and its samples, unless a person has named the run."""

from typing import Any, Final

from spatialcore import storage

SHOWN: Final = 3  # samples in a name; the others are counted


def run_name() -> str:
    """Return the name of the flow run that is starting.

    A name that a person gave in the form is kept; one that Prefect made up is replaced.
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
    more = f" and {len(samples) - SHOWN} more" if len(samples) > SHOWN else ""
    return f"{config.tissue}: {', '.join(samples[:SHOWN])}{more}"


def _is_generated(name: str) -> bool:
    """Tell whether Prefect made a name up: an adjective and an animal of its word lists."""
    from coolname.data import config

    words = name.split("-")
    return len(words) == 2 and all(_in_lists(word, config) for word in words)


def _in_lists(word: str, lists: dict[str, Any]) -> bool:
    return any(word in each.get("words", ()) for each in lists.values())
