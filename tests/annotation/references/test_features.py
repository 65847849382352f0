"""Which features of a matrix measure the target genes."""

import numpy as np
import pytest
import scipy.sparse as sp

from spatialcore.annotation.references.features import Features, fold, requested_symbols
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.errors import GeneOverlapError, InputError
from tests.annotation.reference_data import Write, make_reference

FEATURES = Features(["CD3D", "", "MS4A1", "CD3D"], ["", "", "ENSG00000156738", ""])


def test_target_genes_are_unique_symbols() -> None:
    assert requested_symbols(None) is None
    assert requested_symbols(["CD3D", "ENSG00000156738", "CD3D"]) == ["CD3D", "MS4A1"]
    with pytest.raises(InputError, match="is the string 'CD3D'"):
        requested_symbols("CD3D")


def test_positions_of_each_gene() -> None:
    assert [list(at) for at in FEATURES.positions(["MS4A1", "CD3D", "NKG7"])] == [[2], [0, 3], []]
    assert FEATURES.missing(["MS4A1", "NKG7"]) == ["NKG7"]


def test_genes_are_selected_in_the_order_requested() -> None:
    genes, positions = FEATURES.select(["NKG7", "MS4A1", "CD3D", "MS4A1"], "ref")
    assert genes == ["MS4A1", "CD3D"]
    assert [list(at) for at in positions] == [[2], [0, 3]]
    assert FEATURES.select(None, "ref")[0] == ["CD3D", "MS4A1"]  # without the control
    with pytest.raises(GeneOverlapError, match=r"No shared genes found between ref \(CD3D, MS4A1, CD3D \.\.\.\)"):
        FEATURES.select(["NKG7"], "ref")
    with pytest.raises(GeneOverlapError, match="No shared genes found"):
        FEATURES.select(["CD3D", "NKG7"], "ref", complete=True)


def test_genes_of_another_species_get_the_names_of_a_table() -> None:
    renamed = Features(["Cd3d", "Xist"], ["ENSMUSG1", ""]).renamed({"Cd3d": "CD3D"})
    assert renamed.symbols == ["CD3D", ""]
    assert renamed.ids == ["", ""]


def test_features_of_a_file(write: Write) -> None:
    adata = make_reference(genes=["CD3D", *(f"NegControlProbe_{i:05d}" for i in range(29))])
    with AnnDataFile(write(adata)) as file:
        assert Features.of(file, "X").symbols == ["CD3D", *[""] * 29]


def test_columns_of_one_gene_are_summed(rng: np.random.Generator) -> None:
    table = rng.poisson(1, (5, 4)).astype(np.float32)
    folded = fold(sp.csr_matrix(table), [np.array([2]), np.array([0, 3]), np.array([1])])
    np.testing.assert_array_equal(folded.toarray(), np.column_stack([table[:, 0], table[:, 1:3].sum(1), table[:, 3]]))
