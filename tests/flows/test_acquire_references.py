"""The flow that copies references."""

from pathlib import Path

import anndata as ad
import pytest

from flows.acquire_references import acquire_references
from flows.parameters import AcquireParameters
from spatialcore.core.provenance import sha256_of_file
from spatialcore.demo.blood import LABEL_COLUMN
from spatialcore.errors import FileMissingError


@pytest.fixture
def sources(blood: Path) -> list[Path]:
    return sorted(blood.glob("pbmc68k_part*.h5ad"))


def test_references_are_copied_in_the_order_of_the_form(sources: list[Path], tmp_path: Path) -> None:
    config = AcquireParameters(
        references=[{"source": str(source), "output": str(tmp_path / source.name)} for source in sources]
    )
    outputs = acquire_references(config)
    assert outputs == [str(tmp_path / source.name) for source in sources]
    assert [sha256_of_file(Path(output)) for output in outputs] == [sha256_of_file(source) for source in sources]


def test_a_copy_is_replaced_only_if_forced(sources: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "reference.h5ad"
    references = [{"source": str(sources[0]), "output": str(output)}]
    times = []
    for force in (False, False, True):
        acquire_references(AcquireParameters(references=references, force=force))
        times.append(output.stat().st_mtime_ns)
    assert times[0] == times[1] < times[2]


def test_after_a_failure_the_other_references_are_copied_and_the_run_fails(sources: list[Path], tmp_path: Path) -> None:
    references = [
        {"source": str(tmp_path / "missing.h5ad"), "output": str(tmp_path / "a.h5ad")},
        {"source": str(sources[0]), "output": str(tmp_path / "b.h5ad")},
    ]
    with pytest.raises(FileMissingError, match=r"missing\.h5ad"):
        acquire_references(AcquireParameters(references=references))
    assert LABEL_COLUMN in ad.read_h5ad(tmp_path / "b.h5ad").obs
