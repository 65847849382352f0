"""Every deployment of the service, as data: three for a tissue, and two that belong to none."""

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
STORE: Final = "{{ $SPATIALCORE_STORE }}"  # put in by `prefect deploy`
CHANGED: Final = "spatialcore.reference.changed"


@dataclass(frozen=True)
class Definition:
    """One deployment.

    Parameters
    ----------
    flow
        The flow's name, which is also its module's.
    name
        The deployment's name, unique within the flow.
    description
        Markdown, shown above the form.
    config
        Defaults of the form; what a user must say himself is absent.
    tags
        To filter by in the UI.
    queue
        ``people`` goes first; ``scheduled`` takes one run at a time.
    schedule
        When it runs by itself.
    event
        Name of the event that starts it, and the resource that the event must be about.
    one_at_a_time
        A second run waits for the first.
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
        """The flow as a module path: it works wherever the package is installed, and needs no copy of the code."""
        return f"flows.{self.flow}.{self.flow}"

    @property
    def started(self) -> str:
        """The tag that tells what people start from what starts by itself."""
        return BY_PEOPLE if self.queue == PEOPLE else BY_ITSELF

    @property
    def full_name(self) -> str:
        """The name that Prefect's commands take."""
        return f"{self.flow}/{self.name}"

    @property
    def trigger(self) -> str:
        """The name of what starts it on its event, or nothing."""
        return f"{self.full_name} on {self.event[0]}" if self.event else ""


def definitions(tissues: Sequence[Tissue] | None = None) -> list[Definition]:
    """Return every deployment, by flow and name; nothing given: of the tissues of this installation."""
    named = load_tissues() if tissues is None else tissues
    return sorted([*_general(), *(each for tissue in named for each in _of(tissue))], key=_by_name)


def _by_name(definition: Definition) -> str:
    return definition.full_name


def _general() -> Iterator[Definition]:
    yield Definition(
        flow="acquire_references",
        name="any",
        description="Put references from CELLxGENE, Synapse or the web into a bucket of one's own.",
        config={},
        tags=("references",),
    )
    yield Definition(
        flow="train_and_annotate",
        name="any",
        description="Annotate spatial data of any tissue with references of one's own.",
        config={"store": STORE},
        tags=("annotation",),
    )


def _of(tissue: Tissue) -> tuple[Definition, ...]:
    return _train(tissue), _annotate(tissue), _annotate_pending(tissue), _refresh(tissue)


def _train(tissue: Tissue) -> Definition:
    return Definition(
        flow="train_and_annotate",
        name=tissue.tissue,
        description=f"{tissue.title}: train a model for the panel of your samples, and annotate them.",
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
        description=f"{tissue.title}: annotate the samples in `{tissue.samples}` that the model in use has not seen. "
        "Starts by itself when a refresh promotes a model.",
        config={"tissue": tissue.tissue, "store": STORE, "samples": below_store(tissue.samples)},
        tags=("annotation", tissue.tissue),
        queue=SCHEDULED,
        event=(PROMOTED, f"spatialcore.model.{slug_of(tissue.tissue)}"),
        one_at_a_time=True,
    )


def _refresh(tissue: Tissue) -> Definition:
    return Definition(
        flow="refresh_references",
        name=tissue.tissue,
        description=f"{tissue.title}: look for new versions of the references; train, compare and promote a model. "
        f"Starts by itself on the event `{CHANGED}`, and by its schedule once that is switched on.",
        config={**_training(tissue), "queries": [{"uri": below_store(tissue.panel), "sample": "panel"}]},
        tags=("references", tissue.tissue),
        queue=SCHEDULED,
        schedule=tissue.schedule,
        event=(CHANGED, f"spatialcore.reference.{slug_of(tissue.tissue)}"),
        one_at_a_time=True,
    )


def _training(tissue: Tissue) -> dict[str, Any]:
    """Return the tissue's part of a form that trains: its settings and its references."""
    references = [reference.model_dump(mode="json") for reference in tissue.references]
    return {**tissue.settings(), "store": STORE, "references": references}


def below_store(place: str) -> str:
    """Return a URI or an absolute path as it is, anything else as a place in the store."""
    return place if "://" in place or place.startswith("/") else f"{STORE}/{place}"
