"""Files damaged at random (bytes flipped, zeroed, removed or repeated) are read or give an error of the package.

The seeds in FAILED_BEFORE once raised another exception.
"""

import random
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from spatialcore.annotation import combine_references, load_adata_backed
from spatialcore.errors import SpatialCoreError
from tests.annotation.reference_data import LABELS, make_reference

FAILED_BEFORE = [2, 4, 28, 52]
OTHER_SEEDS = [seed for seed in range(60) if seed not in FAILED_BEFORE]
KINDS = ("plain", "gzip", "dense")


@pytest.fixture(scope="module")
def intact_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("sound")
    for kind in KINDS:
        adata = make_reference(labels=pd.Categorical(LABELS))
        del adata.uns["truth"]
        if kind == "dense":
            adata.X = adata.X.toarray()
        adata.write_h5ad(folder / kind, compression="gzip" if kind == "gzip" else None)
    return {kind: (folder / kind).read_bytes() for kind in KINDS}


def damage(intact_files: dict[str, bytes], seed: int) -> bytes:
    """Return one damaged file."""
    random_numbers = random.Random(seed)
    content = bytearray(intact_files[random_numbers.choice(KINDS)])
    mode = random_numbers.choice(["flip", "flip", "zero", "cut", "double"])
    if mode == "flip":
        for _ in range(random_numbers.choice([1, 4, 30])):
            content[random_numbers.randrange(len(content))] = random_numbers.randrange(256)
        return bytes(content)
    at = random_numbers.randrange(len(content))
    if mode == "double":
        return bytes(content[:at] + content[at : at + 64] + content[at:])
    length = random_numbers.choice([8, 64, 1024] if mode == "zero" else [1, 8, 512])
    content[at : at + length] = bytes(len(content[at : at + length])) if mode == "zero" else b""
    return bytes(content)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", [*FAILED_BEFORE, *OTHER_SEEDS])
def test_a_damaged_file_is_read_or_gives_a_package_error(
    seed: int, intact_files: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "damaged.h5ad"
    path.write_bytes(damage(intact_files, seed))
    for read in (
        lambda: load_adata_backed(path, "cell_type", 50),
        lambda: combine_references([path], ["cell_type"]),
    ):
        with suppress(SpatialCoreError):
            assert read().n_obs > 0
