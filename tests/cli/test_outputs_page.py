"""docs/outputs.md names every column, key and file that a run writes."""

import re
from pathlib import Path

import anndata
import pandas as pd

from spatialcore.columns import MANIFEST
from tests.cli.workplace import ROOT, Workplace

PAGE = (ROOT / "docs" / "outputs.md").read_text()


def test_all_outputs_are_documented(results: Path, workplace: Workplace) -> None:
    sample = results / workplace.query.name
    adata = anndata.read_h5ad(sample / "annotated.h5ad")
    names = {*adata.obs.columns, *adata.obsm, *adata.uns[MANIFEST]} - {"cell_area"}
    names |= set(pd.read_parquet(sample / "calls.parquet").columns)
    names |= set(pd.read_csv(results / "model" / "label_mapping.csv").columns)
    names |= {file.stem.removeprefix("celltyping_") for file in (sample / "plots").glob("*.[pc][ns][gv]")}
    assert sorted(name for name in names if f"`{name}`" not in PAGE) == []
    files = {path.name for path in results.rglob("*") if path.is_file() and "plots" not in path.parts}
    assert sorted(name for name in files if name not in PAGE and not name.endswith(".manifest.json")) == []


def test_columns_of_each_figure_are_documented(results: Path, workplace: Workplace) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.partition("## plots/")[2], flags=re.MULTILINE))
    tables = sorted((results / workplace.query.name / "plots").glob("*.csv"))
    assert len(tables) > 10
    for table in tables:
        name = table.stem.removeprefix("celltyping_")
        columns = [column for column in pd.read_csv(table, nrows=0) if column[0].islower()]
        types = {"macrophage"}  # marker_separation has one column per type
        assert [column for column in columns if column not in types and f"`{column}`" not in rows[name]] == [], name
