"""Damaged files as a fuzzer makes them: bytes flipped, zeroed, cut out or doubled. An error of ours, or a matrix.

The seeds that are listed come first, so that a file damaged in each of the ways is always among those tried.
"""

import random
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from spatialcore.annotation import combine_references, load_adata_backed
from spatialcore.errors import SpatialCoreError
from tests.references.conftest import LABELS, make_reference

FIRST = [2, 4, 28, 52]
MORE = [seed for seed in range(60) if seed not in FIRST]
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
    at, length = chance.randrange(len(content)), chance.choice([8, 64, 1024])
    piece = bytes(content[at : at + length])
    content[at : at + length] = {"zero": bytes(len(piece)), "cut": b"", "double": piece * 2}[mode]
    return bytes(content)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", [*FIRST, *MORE])
def test_a_damaged_file_is_an_error_of_ours_or_is_read(seed: int, sound: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "damaged.h5ad"
    path.write_bytes(damage(sound, seed))
    for read in (
        lambda: load_adata_backed(path, "cell_type", 50),
        lambda: combine_references([path], ["cell_type"]),
    ):
        with suppress(SpatialCoreError):
            assert read().n_obs > 0
