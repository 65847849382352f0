"""Damaged files as a fuzzer makes them: bytes flipped, zeroed, cut out or doubled. An error of ours, or a matrix.

The seeds that are listed once ended in another exception; more are drawn from the same mill.
"""

import random
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from spatialcore.annotation import combine_references, load_adata_backed
from spatialcore.errors import SpatialCoreError
from tests.annotation.reference_data import LABELS, make_reference

FOUND = [2, 4, 28, 52]
MORE = [seed for seed in range(60) if seed not in FOUND]
KINDS = ("plain", "gzip", "dense")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("sound")
    for kind in KINDS:
        adata = make_reference(labels=pd.Categorical(LABELS))
        del adata.uns["truth"]
        if kind == "dense":
            adata.X = adata.X.toarray()
        adata.write_h5ad(folder / kind, compression="gzip" if kind == "gzip" else None)
    return {kind: (folder / kind).read_bytes() for kind in KINDS}


def damage(sound: dict[str, bytes], seed: int) -> bytes:
    """Return one damaged file."""
    chance = random.Random(seed)
    content = bytearray(sound[chance.choice(KINDS)])
    mode = chance.choice(["flip", "flip", "zero", "cut", "double"])
    if mode == "flip":
        for _ in range(chance.choice([1, 4, 30])):
            content[chance.randrange(len(content))] = chance.randrange(256)
        return bytes(content)
    at = chance.randrange(len(content))
    if mode == "double":
        return bytes(content[:at] + content[at : at + 64] + content[at:])
    length = chance.choice([8, 64, 1024] if mode == "zero" else [1, 8, 512])
    content[at : at + length] = bytes(len(content[at : at + length])) if mode == "zero" else b""
    return bytes(content)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", [*FOUND, *MORE])
def test_a_damaged_file_is_an_error_of_ours_or_is_read(seed: int, sound: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "damaged.h5ad"
    path.write_bytes(damage(sound, seed))
    for read in (
        lambda: load_adata_backed(path, "cell_type", 50),
        lambda: combine_references([path], ["cell_type"]),
    ):
        with suppress(SpatialCoreError):
            assert read().n_obs > 0
