"""Estimate the memory of a run, and read the available memory."""

from collections.abc import Sequence
from pathlib import Path

from spatialcore.annotation.config import AnnotationSettings
from spatialcore.annotation.stages.calls import MAX_SCORED_CELLS
from spatialcore.io.read import stays_on_disk
from spatialcore.workflow.dataset import DatasetSummary

BASE = 700e6  # the interpreter with scanpy, scikit-learn and matplotlib
VALUE = 8  # bytes of a stored value: float32 and its int32 column
QUERY_COPIES = 4  # counts, log1p, the copy being written, and what reading leaves behind
REFERENCE_COPIES = 2  # the parts and their union, or the training cells and those of the cross-validation
REPLICATES = 2.5  # of the training cells: two simulations, and half of one again while it is drawn
CLASSES = 40  # of a large reference
WEIGHTS = 25 * 8  # bytes per class and gene: steps and gradients that the solver remembers, and the models
PER_CELL = 4 * CLASSES + 150  # class probabilities, where spill-over is detected; name, calls, place, neighbours
SCORES_PER_CELL = 8 * CLASSES  # of a query whose scores are stored
SAMPLED_VALUES = 10_000_000  # of a matrix that stays in its file: what figures and clusters read


def estimate_peak(
    queries: Sequence[DatasetSummary], references: Sequence[DatasetSummary], config: AnnotationSettings
) -> int:
    """Return the bytes at the peak of a run: references and training, or the largest query, whichever is more.

    Parameters
    ----------
    queries, references
        Summaries of the inputs.
    config
        Maximum numbers of cells.
    """
    panel = max((len(query.genes) for query in queries), default=0)
    n_cells = [min(summary.cells, config.max_cells_per_ref) for summary in references]
    values = sum(cells * _panel_values(summary, panel) for cells, summary in zip(n_cells, references, strict=True))
    training_cells = min(sum(n_cells), config.max_cells_per_type * CLASSES)
    replicates = REPLICATES * values * min(1.0, training_cells / max(1, sum(n_cells)))
    training = VALUE * (REFERENCE_COPIES * values + replicates) + WEIGHTS * CLASSES * panel
    annotating = max((_annotating(query) for query in queries), default=0.0)
    return int(BASE + max(training, annotating))


def _panel_values(summary: DatasetSummary, panel: int) -> float:
    covered = panel / max(1, len(summary.var))
    share = min(1.0, (2.0 - covered) * covered)  # genes of a small panel are expressed in twice as many cells as most
    return min(summary.values_per_cell * share, panel)


def _annotating(query: DatasetSummary) -> float:
    values = query.cells * query.values_per_cell
    per_cell = PER_CELL + (SCORES_PER_CELL if query.cells <= MAX_SCORED_CELLS else 0)
    if stays_on_disk(query.path):
        return VALUE * min(SAMPLED_VALUES, values) + query.cells * per_cell
    return VALUE * QUERY_COPIES * values + query.cells * per_cell


def available_memory() -> int | None:
    """Return the free bytes of the machine or of its container, whichever is less; None if unknown."""
    limits = [limit for limit in (_of_machine(), _of_container()) if limit is not None]
    return min(limits, default=None)


def _of_machine() -> int | None:
    file = Path("/proc/meminfo")
    lines = file.read_text().splitlines() if file.is_file() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _of_container() -> int | None:
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if not (limit.is_file() and used.is_file()):
        return None
    text = limit.read_text().strip()
    return None if text == "max" else int(text) - int(used.read_text())
