"""Code blocks of documentation pages, and the small data with which they are executed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from tests.cli.workplace import GENES, counted
from tests.io.bundles import letters, write_cosmx, write_merscope, write_xenium

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^(?P<fence>```+)(?P<language>\w+)\n(?P<code>.*?)^(?P=fence)", re.DOTALL | re.MULTILINE)
EXECUTED = {"python", "bash", "yaml"}
CONFIG = """
tissue: breast
queries: [cells.h5ad]
references: ["a.h5ad:cell_type", "b.h5ad:annotation"]
store: results
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    code: str

    @property
    def commands(self) -> list[str]:
        """Commands of a shell block; comments are left out, quoted text may have several lines."""
        commands, rest = [], ""
        for line in re.sub(r"\\\n\s*", "", self.code).splitlines():
            rest += re.sub(r"(^|\s)#.*", "", line)
            if rest.count("'") % 2 == 0:
                commands += [part.strip() for part in rest.split("&&") if part.strip()]
                rest = ""
        return commands


def pages() -> Iterator[Path]:
    """Yield the pages with blocks: README and docs. Notebooks are executed when the site is built."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if not {"_build", "generated"} & set(page.parts) and "{code-cell}" not in page.read_text():
            yield page


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page to execute, in order."""
    text, name = page.read_text(), str(page.relative_to(ROOT))
    matches = [match for match in FENCE.finditer(text) if match["language"] in EXECUTED]
    return [Block(name, text[: match.start()].count("\n") + 1, match["language"], match["code"]) for match in matches]


def write_files(folder: Path) -> None:
    """Write the files named in the pages: three references, a panel, and data of each platform."""
    for seed, (name, column) in enumerate({"a": "cell_type", "b": "annotation", "hlca": "cell_type"}.items()):
        reference = counted(150, GENES, seed=seed + 2)
        reference.obs = reference.obs.rename(columns={"cell_type": column})
        reference.write_h5ad(folder / f"{name}.h5ad")
    for name in ("reference", "brain"):
        (folder / f"{name}.h5ad").hardlink_to(folder / "hlca.h5ad")
    (folder / "references").mkdir()
    (folder / "references" / "hlca.h5ad").hardlink_to(folder / "hlca.h5ad")
    (folder / "panel.csv").write_text("gene\n" + "\n".join(GENES) + "\n")
    (folder / "proportions.csv").write_text("cell_type,proportion\nmacrophage,0.1\n")
    (folder / "config.yaml").write_text(CONFIG)
    cells = section()
    cells.write_h5ad(folder / "cells.h5ad")
    for name in ("output-XETG00001__breast", "xenium_folder"):
        write_xenium(folder / name, cells)
    write_cosmx(folder / "Lung12", cells, um=True)
    for name in ("run_1/region_0", "run_1/region_1", "run_2/region_0"):
        write_merscope(folder / name, cells)


def section() -> AnnData:
    """Return 200 cells of three types with coordinates, in an instrument's format."""
    cells, rng = counted(200, GENES, seed=1), np.random.default_rng(0)
    numbers = rng.choice(1 << 32, cells.n_obs, replace=False)
    cells.obs = pd.DataFrame({"cell_number": numbers}, index=[letters(number) for number in numbers])
    cells.var["gene_ids"] = [f"ENSG{i:011d}" for i in range(len(GENES))]
    cells.var["feature_types"] = "Gene Expression"
    cells.obsm["spatial"] = rng.uniform(0, 500, (cells.n_obs, 2))
    return cells


def write_spatialdata(folder: Path) -> None:
    """Write one store with one table, and one with two tables, neither of which is called ``table``."""
    import spatialdata
    from spatialdata.models import TableModel

    cells = section()
    cells.obs = cells.obs[[]]
    for name, tables in {"sample.zarr": ["table"], "two_tables.zarr": ["cells", "nuclei"]}.items():
        spatialdata.SpatialData(tables={table: TableModel.parse(cells.copy()) for table in tables}).write(folder / name)
