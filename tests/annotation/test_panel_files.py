"""Panel files in all layouts."""

from pathlib import Path

import pytest

from spatialcore.annotation.panel import read_panel
from spatialcore.errors import InputError


@pytest.mark.parametrize(
    "text",
    [
        "gene\nMS4A1\nCD3E\nGENE1\n",
        "MS4A1\nCD3E\nGENE1\n",
        '\ufeffgene,note\nMS4A1,\nCD3E,"b, c"\nGENE1,\n',
        "name;gene_id\nMS4A1;x\nCD3E;y\nGENE1;z\n",
        "target\tn\nMS4A1\t1\nCD3E\t2\nGENE1\t3\nBLANK_0001\t4\n",
    ],
)
def test_genes_of_a_list_and_of_tables(tmp_path: Path, text: str) -> None:
    (tmp_path / "panel.csv").write_text(text, encoding="utf-8")
    assert read_panel(tmp_path / "panel.csv") == ["MS4A1", "CD3E", "GENE1"]


def test_panels_of_10x(shared: Path) -> None:
    sizes = {"hBreast": 280, "hLung": 289, "hMulti": 377, "hPrime5K": 5001}
    result = {name: len(read_panel(shared / "data" / "panels" / f"{name}.csv")) for name in sizes}
    assert result == sizes


def test_a_table_without_genes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "panel.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no column of genes"):
        read_panel(tmp_path / "panel.csv")
