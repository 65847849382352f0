"""The deployments of the service: four per tissue, and two for any tissue."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from deployments.tissue_settings import Schedule, Tissue, load_tissues
from flows.refresh_references import PROMOTED
from spatialcore.core.text.names import slug_of

POOL: Final = "spatialcore"
PEOPLE: Final = "people"
SCHEDULED: Final = "scheduled"
BY_PEOPLE: Final = "start-here"
BY_ITSELF: Final = "automatic"
STORE: Final = "{{ $SPATIALCORE_STORE }}"  # replaced by `prefect deploy`
CHANGED: Final = "spatialcore.reference.changed"


@dataclass(frozen=True)
class Definition:
    """One deployment.

    Parameters
    ----------
    flow
        Name of the flow and of its module.
    name
        Name of the deployment, unique within the flow.
    description
        Markdown, shown above the form.
    config
        Defaults of the form. Required values are absent.
    tags
        Tags to filter by in the UI.
    queue
        ``people`` has the higher priority; ``scheduled`` runs one flow run at a time.
    schedule
        The schedule, if any.
    event
        Name of the event that starts it, and the resource of the event.
    one_at_a_time
        Whether a second run waits for the first.
    """

    flow: str
    name: str
    description: str
    config: dict[str, Any]
    tags: tuple[str, ...]
    queue: str = PEOPLE
    schedule: Schedule | None = None
    event: tuple[str, str] | None = None
    one_at_a_time: bool = field(default=False)

    @property
    def entrypoint(self) -> str:
        """The flow as a module path, which works wherever the package is installed."""
        return f"flows.{self.flow}.{self.flow}"

    @property
    def start_tag(self) -> str:
        """The tag that separates deployments that users start from those that start automatically."""
        return BY_PEOPLE if self.queue == PEOPLE else BY_ITSELF

    @property
    def full_name(self) -> str:
        """``flow/deployment``, as Prefect's commands take it."""
        return f"{self.flow}/{self.name}"

    @property
    def trigger_name(self) -> str:
        """Name of the automation that starts it on its event; empty without an event."""
        return f"{self.full_name} on {self.event[0]}" if self.event else ""


def definitions(tissues: Sequence[Tissue] | None = None) -> list[Definition]:
    """Return the deployments of the service.

    Parameters
    ----------
    tissues
        The tissues; by default those of this installation.

    Returns
    -------
    list of Definition
        In the order of flow and name.

    Examples
    --------
    >>> [definition.full_name for definition in definitions([])]
    ['acquire_references/any', 'train_and_annotate/any']
    """
    tissues = load_tissues() if tissues is None else tissues
    of_tissues = [definition for tissue in tissues for definition in _of_tissue(tissue)]
    return sorted([*_general(), *of_tissues], key=_full_name)


def _full_name(definition: Definition) -> str:
    return definition.full_name


def _general() -> Iterator[Definition]:
    yield Definition(
        flow="acquire_references",
        name="any",
        description="Copy references from CELLxGENE, Synapse or the web to your bucket.",
        config={},
        tags=("references",),
    )
    yield Definition(
        flow="train_and_annotate",
        name="any",
        description="Annotate spatial data of any tissue with your own references.",
        config={"store": STORE},
        tags=("annotation",),
    )


def _of_tissue(tissue: Tissue) -> tuple[Definition, ...]:
    return _train(tissue), _annotate(tissue), _annotate_pending(tissue), _refresh(tissue)


def _train(tissue: Tissue) -> Definition:
    return Definition(
        flow="train_and_annotate",
        name=tissue.tissue,
        description=f"{tissue.title}: train a model for the panel of your samples and annotate them.",
        config=_training(tissue),
        tags=("annotation", tissue.tissue),
    )


def _annotate(tissue: Tissue) -> Definition:
    return Definition(
        flow="annotate",
        name=tissue.tissue,
        description=f"{tissue.title}: annotate samples with the model in use.",
        config={"tissue": tissue.tissue, "store": STORE},
        tags=("annotation", tissue.tissue),
    )


def _annotate_pending(tissue: Tissue) -> Definition:
    return Definition(
        flow="annotate_pending",
        name=tissue.tissue,
        description=f"{tissue.title}: annotate the samples in `{tissue.samples}` that the model in use has not "
        "annotated. Starts when a refresh puts a new model in use.",
        config={"tissue": tissue.tissue, "store": STORE, "samples": in_store(tissue.samples)},
        tags=("annotation", tissue.tissue),
        queue=SCHEDULED,
        event=(PROMOTED, f"spatialcore.model.{slug_of(tissue.tissue)}"),
        one_at_a_time=True,
    )


def _refresh(tissue: Tissue) -> Definition:
    return Definition(
        flow="refresh_references",
        name=tissue.tissue,
        description=f"{tissue.title}: check the references for new versions, train a model on them, and put it in use "
        f"if it is not worse. Starts on the event `{CHANGED}`, and on its schedule if you switch it on.",
        config={**_training(tissue), "queries": [{"uri": in_store(tissue.panel), "sample": "panel"}]},
        tags=("references", tissue.tissue),
        queue=SCHEDULED,
        schedule=tissue.schedule,
        event=(CHANGED, f"spatialcore.reference.{slug_of(tissue.tissue)}"),
        one_at_a_time=True,
    )


def _training(tissue: Tissue) -> dict[str, Any]:
    """Return settings and references of the tissue, the defaults of the forms that train."""
    references = [reference.model_dump(mode="json") for reference in tissue.references]
    return {**tissue.settings(), "store": STORE, "references": references}


def in_store(path: str) -> str:
    """Return a URI or an absolute path unchanged, and a relative path as a path in the store."""
    return path if "://" in path or path.startswith("/") else f"{STORE}/{path}"
