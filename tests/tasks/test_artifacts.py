"""Artifacts of a run: special characters as text, limited size with many samples, and links."""

import asyncio
import re
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from markdown_it import MarkdownIt
from PIL import Image
from prefect import flow, runtime
from prefect.artifacts import LinkArtifact, TableArtifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.sorting import ArtifactSort

from spatialcore.report.sample_summary import SampleSummary
from spatialcore.storage import StoredFile
from tasks import artifacts, publish_run
from tasks.artifacts import PARALLEL_REQUESTS, SHOWN, artifacts_of, comparison_in_markdown, link_of, markdown
from tasks.schemas import ClassScore, ModelComparison, RunManifest, SampleFiles

SUMMARY = SampleSummary(
    n_cells=2,
    n_called=1,
    composition={"B cell": 1},
    reasons={},
    median_confidence=0.9,
    median_counts=None,
    gene_shares={},
)
SPECIAL_NAME = "<img src=x onerror=alert(1)> | [x](javascript:alert(1)) `code`"


def stored_file(path: Path) -> StoredFile:
    return StoredFile(uri=str(path), token="1", sha256="2", size=path.stat().st_size if path.exists() else 0)


def manifest(folder: Path, samples: list[str], plots: dict[str, StoredFile], tissue: str = "lung") -> RunManifest:
    return RunManifest(
        run_id="lung-1",
        tissue=tissue,
        config_digest="",
        references=(),
        model_version="v",
        model={},
        label_mapping=None,
        samples=tuple(
            SampleFiles(
                sample=name,
                n_obs=1000,
                n_assigned=900,
                composition={SPECIAL_NAME: 500, **{f"cell type {n}": 10 for n in range(40)}},
                files={"report.html": stored_file(folder / "runs" / "lung-1" / "report.html"), **plots},
            )
            for name in samples
        ),
        uri=str(folder / "runs" / "lung-1" / "manifest.json"),
    )


@pytest.fixture
def plots(tmp_path: Path, rng: np.random.Generator) -> dict[str, StoredFile]:
    """Return files of random bytes, which compress poorly."""
    for name in SHOWN:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)).save(path)
    return {name: stored_file(tmp_path / name) for name in SHOWN}


@pytest.mark.parametrize("count", [200, 3000])
def test_a_summary_of_many_samples_stays_under_a_megabyte(
    tmp_path: Path, plots: dict[str, StoredFile], monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setenv("SPATIALCORE_FILES_URL", "https://results.example")
    names = [f"patient {n}" for n in range(count)]
    page = markdown(manifest(tmp_path, names, plots))
    assert len(page.encode()) < 1_000_000
    assert page.count("data:image/webp") >= 1
    assert "patient 199" in page
    assert ("... and" in page) is (count == 3000)


def test_one_sample_has_its_plots_and_its_table(tmp_path: Path, plots: dict[str, StoredFile]) -> None:
    page = markdown(manifest(tmp_path, ["pbmc"], plots))
    assert page.count("data:image/webp") == len(SHOWN)
    assert "## pbmc\n\n1,000 cells, 90.0 % called." in page
    assert "| cell type 3 | 10 | 1.0 % |" in page


def test_special_characters_in_names_are_text(tmp_path: Path) -> None:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    pages = [
        markdown(manifest(tmp_path, [SPECIAL_NAME], {}, tissue=SPECIAL_NAME), SPECIAL_NAME),
        comparison_in_markdown(
            SPECIAL_NAME,
            ModelComparison(
                classes=(ClassScore(cell_type=SPECIAL_NAME, cells=1, challenger=0.0, champion=1.0),),
                lost=(SPECIAL_NAME,),
                gained=(SPECIAL_NAME,),
            ),
            SPECIAL_NAME,
        ),
    ]
    for page in pages:
        tokens = parser.parse(page)
        kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or []}
        assert not kinds & {"html_block", "html_inline", "link_open", "image"}
        rows = [token for token in tokens if token.type == "tr_open"]
        cells = [token for token in tokens if token.type == "td_open"]
        head = [token for token in tokens if token.type == "th_open"]
        assert len(cells) == (len(rows) - 1) * len(head), "a name added a column"
        assert any(SPECIAL_NAME in "".join(child.content for child in token.children or []) for token in tokens)


def test_special_characters_in_names_are_text_in_tables_links_and_descriptions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The UI also renders cells of tables, descriptions and links as Markdown."""
    monkeypatch.setattr(publish_run, "cohort_summaries", lambda samples: {sample.sample: SUMMARY for sample in samples})
    run = manifest(tmp_path, [SPECIAL_NAME, f"{SPECIAL_NAME} 2"], {})
    texts: list[str] = []
    for artifact in artifacts_of(run.model_copy(update={"cohort": stored_file(tmp_path / "cohort.html")})):
        assert re.fullmatch("[a-z0-9-]+", artifact.key or "")
        texts.append(artifact.description or "")
        if isinstance(artifact, TableArtifact):
            texts.extend(str(cell) for row in artifact.table for cell in row.values())
        if isinstance(artifact, LinkArtifact):
            texts.append(artifact.link_text or "")
    parser = MarkdownIt("commonmark", {"html": True})
    kinds = {child.type for text in texts for token in parser.parse(text) for child in token.children or [token]}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "code_inline"}
    shown = ["".join(child.content for child in parser.parseInline(text)[0].children or []) for text in texts]
    assert shown.count(SPECIAL_NAME) == 3, "expected the cell type of two samples and the first sample"
    assert f"Report of {SPECIAL_NAME} 2" in shown


class RecordingClient:
    """A client of Prefect's API that records the artifacts sent to it and the number of concurrent requests."""

    def __init__(self, refused: str = "") -> None:
        self.keys: list[str | None] = []
        self.open = self.most = 0
        self.has_token = False
        self.refused = refused

    async def __aenter__(self) -> "RecordingClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.open == 0, "a request did not end"

    async def create_artifact(self, artifact: ArtifactCreate) -> None:
        self.keys.append(artifact.key)
        assert self.has_token or len(self.keys) == 1, (
            "each request without a token creates one, which invalidates the others"
        )
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0.001)
        self.open -= 1
        self.has_token = True
        if artifact.key == self.refused:
            raise ConnectionError("refused")


@pytest.mark.filterwarnings("ignore:Artifact creation outside of a flow:FutureWarning")
def test_concurrent_requests_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = manifest(tmp_path, [f"patient {n}" for n in range(200)], {})
    client = RecordingClient()
    monkeypatch.setattr(artifacts, "get_client", lambda: client)
    artifacts.summarise.fn(run)
    assert client.keys == [artifact.key for artifact in artifacts_of(run)]
    assert len(client.keys) == 401
    assert client.most == PARALLEL_REQUESTS


@pytest.mark.filterwarnings("ignore:Artifact creation outside of a flow:FutureWarning")
def test_a_rejected_artifact_is_an_error_of_the_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = RecordingClient(refused="composition-lung-a")
    monkeypatch.setattr(artifacts, "get_client", lambda: client)
    with pytest.raises(ConnectionError, match="refused"):
        artifacts.summarise.fn(manifest(tmp_path, ["a", "b"], {}))
    assert len(client.keys) == 5


def test_the_server_shows_the_artifacts_of_the_flow_run(prefect_server: None, tmp_path: Path) -> None:
    run = manifest(tmp_path, [f"patient {n}" for n in range(20)], {})

    @flow(name="summarise a run")
    def summarise_run() -> str:
        artifacts.summarise(run, "put in use")
        return str(runtime.flow_run.id)

    run_id = UUID(summarise_run())
    with get_client(sync_client=True) as client:
        created = client.read_artifacts(
            flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])), sort=ArtifactSort.CREATED_DESC, limit=100
        )
    contents = {artifact.key: (artifact.description, artifact.data) for artifact in created}
    expected = {each.key: (each.description, each.format(_sync=True)) for each in artifacts_of(run, "put in use")}
    assert contents == expected
    assert all(artifact.task_run_id for artifact in created)


@pytest.mark.parametrize("count", [200, 3000])
def test_no_artifact_of_many_samples_is_over_a_megabyte(
    tmp_path: Path, plots: dict[str, StoredFile], monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(publish_run, "cohort_summaries", lambda samples: {sample.sample: SUMMARY for sample in samples})
    run = manifest(tmp_path, [f"patient {n}" for n in range(count)], plots)
    run = run.model_copy(update={"cohort": stored_file(tmp_path / "cohort.html")})
    sizes = {artifact.key: len(artifact.model_dump_json()) for artifact in artifacts_of(run)}
    assert len(sizes) == 2 * count + 3
    assert max(sizes.values()) < 1_000_000


def test_links_point_to_the_results_server_if_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    uri = "s3://lab/runs/blood-1/a sample/report.html"
    assert link_of(uri, "blood-1") == uri
    assert link_of("/lab/runs/blood-1/report.html", "blood-1") == "file:///lab/runs/blood-1/report.html"
    monkeypatch.setenv("SPATIALCORE_FILES_URL", "http://127.0.0.1:4201")
    assert link_of(uri, "blood-1") == "http://127.0.0.1:4201/runs/blood-1/a%20sample/report.html"
