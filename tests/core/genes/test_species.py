"""Species inferred from gene names: the case of symbols, Ensembl ids, and unspecific names."""

import subprocess
import sys
from pathlib import Path

import pytest

from spatialcore.core.genes.species import count_species, species_of_genes
from spatialcore.core.genes.tables import orthologs, renamed_symbols
from spatialcore.errors import InputError

TOOL = Path(__file__).resolve().parents[3] / "tools" / "build_orthologs.py"


@pytest.mark.parametrize(
    ("names", "species"),
    [
        (["GAD1", "SLC17A7", "PVALB"], "human"),
        (["Gad1", "Slc17a7", "Pvalb"], "mouse"),
        (["ENSG00000128683", "ENSG00000104888.10"], "human"),
        (["ENSMUSG00000070880.7", "ENSMUSG00000070570"], "mouse"),
        (["ENSRNOG00000000007"], None),
        (["GENE1", "GENE2", "C2"], None),
        (["Gad1", "Slc17a7", "Pvalb", "T", "GAPDH"], "mouse"),
        (["NegControlProbe_00042", "Gad1"], "mouse"),
        (["gad1", "GaD1"], None),
    ],
)
def test_species_follows_the_case_of_symbols(names: list[str], species: str | None) -> None:
    assert species_of_genes(names) == species


def test_ids_decide_if_symbols_are_unknown() -> None:
    assert species_of_genes(["geneA", "geneB"], ["ENSMUSG00000070880", ""]) == "mouse"


def test_two_genomes_are_a_mixture_but_single_names_are_not() -> None:
    human = ["GAD1", "SLC17A7", "PVALB", "SST", "VIP", "AQP4", "MOG", "PLP1"]
    mouse = [name.capitalize() for name in human]
    assert not count_species([*human, *mouse[:2]]).is_mixed
    assert count_species([*human, *mouse]).is_mixed
    assert "8 human (GAD1" in count_species([*human, *mouse]).describe()


def test_orthologs_are_one_to_one_in_both_directions() -> None:
    forth, restored = orthologs("human", "mouse"), orthologs("mouse", "human")
    assert (forth["TP53"], forth["GAD1"], restored["Slc17a7"]) == ("Trp53", "Gad1", "SLC17A7")
    assert "HLA-A" not in forth  # several mouse genes
    assert "KLRC1" not in forth
    current = {human: mouse for human, mouse in forth.items() if human not in renamed_symbols("human")}
    assert len(set(current.values())) == len(current) > 16_000
    assert all(restored[mouse] == human for human, mouse in current.items())


def test_a_former_symbol_has_an_ortholog() -> None:
    former = {old: new for old, new in renamed_symbols("human").items() if new in orthologs("human", "mouse")}
    assert former
    assert all(orthologs("human", "mouse")[old] == orthologs("human", "mouse")[new] for old, new in former.items())


def test_orthologs_within_a_species_are_refused() -> None:
    with pytest.raises(InputError, match="different species"):
        orthologs("human", "human")


def test_the_shipped_table_equals_the_output_of_the_tool() -> None:
    process = subprocess.run([sys.executable, "-W", "ignore", str(TOOL), "--check"], check=False, capture_output=True)
    assert process.returncode == 0, process.stderr
