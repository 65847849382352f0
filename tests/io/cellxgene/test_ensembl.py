"""Current Ensembl ids and species of features."""

import pandas as pd
import pytest

from spatialcore.core.genes.tables import load_ensembl_to_hugo_mapping
from spatialcore.io.cellxgene.ensembl import current_ids, retired_ids, species_of


def test_retired_id_is_replaced_by_the_current_id_of_its_symbol() -> None:
    table = load_ensembl_to_hugo_mapping(species="human")
    live = {symbol: identifier for identifier, symbol in table.items() if identifier not in retired_ids()}
    moved = {identifier: live[table[identifier]] for identifier in retired_ids() if table.get(identifier) in live}
    assert len(moved) > 10
    current = current_ids(list(moved), None, "human")
    assert not set(current) & retired_ids()
    assert [table[identifier] for identifier in current] == [table[identifier] for identifier in moved]


def test_ids_from_the_data_and_from_symbols() -> None:
    var = pd.DataFrame({"gene_ids": ["ENSG00000156738", "", ""]}, index=["MS4A1", "CD3E", "Blank-1"])
    assert current_ids(list(var.index), var, "human") == ["ENSG00000156738", "ENSG00000198851", ""]


@pytest.mark.parametrize(
    ("names", "species"), [(["CD3E", "MS4A1"], "human"), (["ENSMUSG00000032093", "CD3E"], "mouse")]
)
def test_species(names: list[str], species: str) -> None:
    assert species_of(names) == species
