from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from spatialcore.annotation.config import AnnotationSettings
from spatialcore.workflow import memory


@dataclass
class Summary:
    """The fields of a dataset summary that the estimate reads."""

    cells: int
    values_per_cell: float = 100.0
    genes: list[str] = field(default_factory=lambda: [f"G{i}" for i in range(300)])
    path: Path = Path("missing.h5ad")

    @property
    def var(self) -> list[str]:
        return self.genes


def genes_of(n: int) -> list[str]:
    return [f"G{i}" for i in range(n)]


def peak(queries: list[Any], references: list[Any], **settings: Any) -> int:
    return memory.estimate_peak(queries, references, AnnotationSettings(**settings))


def test_peak_without_data_is_the_interpreter() -> None:
    assert peak([], []) == int(memory.BASE)


def test_peak_grows_with_the_largest_query() -> None:
    small, large = Summary(10_000), Summary(1_000_000)
    per_cell = memory.VALUE * memory.QUERY_COPIES * 100 + memory.PER_CELL + memory.SCORES_PER_CELL
    assert peak([small, large], []) == int(memory.BASE + 1_000_000 * per_cell)
    assert peak([large], []) == peak([small, large], [])


def test_a_matrix_that_stays_in_its_file_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = peak([Summary(1_000_000)], [])
    monkeypatch.setattr(memory, "stays_on_disk", lambda _: True)
    assert peak([Summary(1_000_000)], []) < in_memory - 3 * memory.VALUE * 80_000_000


def test_scores_are_counted_up_to_the_limit_of_stored_cells() -> None:
    stored, left_out = (peak([Summary(memory.MAX_SCORED_CELLS + more, 0.0)], []) for more in (0, 1))
    assert stored - left_out == pytest.approx(memory.MAX_SCORED_CELLS * memory.SCORES_PER_CELL, rel=1e-4)


MEASURED = {  # GB at the peak of a whole run, from docs/benchmarks/cost.md
    "million": (1.32, Summary(1_000_000, 57.6, genes_of(400)), Summary(50_000, 1_829, genes_of(19_500))),
    "ten million": (3.12, Summary(10_000_000, 66.0, genes_of(400)), Summary(50_000, 1_829, genes_of(19_500))),
    "wide": (1.40, Summary(250_000, 392.6, genes_of(5_000)), Summary(20_000, 1_842, genes_of(20_000))),
    "transcriptome": (3.27, Summary(80_000, 1_723.0, genes_of(18_000)), Summary(20_000, 1_842, genes_of(20_000))),
}


@pytest.mark.parametrize("size", MEASURED)
def test_the_peak_is_predicted_within_thirty_per_cent(size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "stays_on_disk", lambda _: True)
    gigabytes, query, reference = MEASURED[size]
    assert peak([query], [reference, reference]) / 1024**3 == pytest.approx(gigabytes, rel=0.3)


def test_references_are_capped() -> None:
    capped = [peak([Summary(10)], [Summary(n)], max_cells_per_ref=1_000) for n in (500, 1_000, 50_000)]
    assert capped[0] < capped[1] == capped[2]


def test_available_memory_is_positive_and_below_the_machine() -> None:
    available = memory.available_memory()
    if available is None:
        pytest.skip("neither /proc/meminfo nor a memory limit of the container")
    assert 0 < available < 1 << 50
