from dataclasses import dataclass, field
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

    @property
    def var(self) -> list[str]:
        return self.genes


def peak(queries: list[Any], references: list[Any], **settings: Any) -> int:
    return memory.estimate_peak(queries, references, AnnotationSettings(**settings))


def test_peak_without_data_is_the_interpreter() -> None:
    assert peak([], []) == int(memory.BASE)


def test_peak_grows_with_the_largest_query() -> None:
    small, large = Summary(10_000), Summary(1_000_000)
    per_cell = memory.VALUE * memory.QUERY_COPIES * 100 + 2 * 8 * memory.CLASSES + 500
    assert peak([small, large], []) == int(memory.BASE + 1_000_000 * per_cell)
    assert peak([large], []) == peak([small, large], [])


def test_references_are_capped() -> None:
    capped = [peak([Summary(10)], [Summary(n)], max_cells_per_ref=1_000) for n in (500, 1_000, 50_000)]
    assert capped[0] < capped[1] == capped[2]


def test_available_memory_is_positive_and_below_the_machine() -> None:
    available = memory.available_memory()
    if available is None:
        pytest.skip("neither /proc/meminfo nor a memory limit of the container")
    assert 0 < available < 1 << 50
