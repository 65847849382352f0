"""Mouse data and profile references: read correctly, or refused in the same way by a dry run and a run."""

import json
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from spatialcore.core.genes.tables import ids_to_symbols, orthologs
from tests.workflow.cases import Case, Expected, case
from tests.workflow.tissue import GENES, TYPES, query, reference, write_h5ad

_MOUSE = orthologs("human", "mouse")
HUMAN = [gene for gene in GENES if gene in _MOUSE]
MOUSE = [_MOUSE[gene] for gene in HUMAN]
N = len(MOUSE)
RAT_IDS = [f"ENSRNOG{number:011d}" for number in range(N)]


def _mouse(adata: ad.AnnData, names: list[str] | None = None) -> ad.AnnData:
    adata = adata[:, HUMAN].copy()
    adata.var_names = MOUSE if names is None else names
    return adata


def _ids() -> list[str]:
    of_symbol = {symbol: identifier for identifier, symbol in ids_to_symbols("mouse").items()}
    return [of_symbol.get(gene, gene) for gene in MOUSE]


def _case(folder: Path, spatial: ad.AnnData, labelled: ad.AnnData, expected: Expected = N) -> Case:
    return write_h5ad(spatial, folder / "query.h5ad"), write_h5ad(labelled, folder / "ref.h5ad"), expected


@case
def mouse_ids_against_symbols(folder: Path) -> Case:
    versions = [f"{name}.4" if name.startswith("ENS") else name for name in _ids()]
    return _case(folder, _mouse(query(), _ids()), _mouse(reference(), versions))


@case
def mouse_genes_with_a_genome_prefix(folder: Path) -> Case:
    names = [f"mm10___{gene}" for gene in MOUSE]
    return _case(folder, _mouse(query(), names), _mouse(reference(), [f"GRCm39-{gene}" for gene in MOUSE]))


@case
def mouse_genes_in_lower_case(folder: Path) -> Case:
    return _case(folder, _mouse(query(), [gene.lower() for gene in MOUSE]), _mouse(reference()))


@case
def mouse_genes_in_upper_case(folder: Path) -> Case:
    return _case(folder, _mouse(query(), [gene.upper() for gene in MOUSE]), _mouse(reference()), "the query is human")


@case
def mouse_genes_half_in_upper_case(folder: Path) -> Case:
    names = [gene.upper() if number % 2 else gene for number, gene in enumerate(MOUSE)]
    return _case(folder, _mouse(query(), names), _mouse(reference()), "genes of two species")


def _barnyard(adata: ad.AnnData, names: list[str]) -> ad.AnnData:
    counts = adata[:, HUMAN].X
    return ad.AnnData(sp.hstack([counts, counts]).tocsr(), adata.obs.copy(), pd.DataFrame(index=names))


@case
def query_of_two_species(folder: Path) -> Case:
    names = [f"GRCh38_{gene}" for gene in HUMAN] + [f"mm10___{gene}" for gene in MOUSE]
    return _case(folder, _barnyard(query(), names), reference(), "genes of two species: 46 human")


@case
def reference_of_two_species_by_ids(folder: Path) -> Case:
    return _case(folder, query(), _barnyard(reference(), [*HUMAN, *_ids()]), "ref has genes of two species")


@case
def rat_query_by_ids(folder: Path) -> Case:
    return _case(folder, _mouse(query(), RAT_IDS), _mouse(reference()), "neither human nor mouse")


@case
def rat_query_with_mouse_symbols(folder: Path) -> Case:
    rat = _mouse(query())
    rat.var["gene_ids"] = RAT_IDS
    return _case(folder, rat, _mouse(reference()), "neither human nor mouse")


@case
def rat_reference_with_mouse_symbols(folder: Path) -> Case:
    rat = _mouse(reference())
    rat.var["gene_ids"] = RAT_IDS
    return _case(folder, _mouse(query()), rat, "ref has Ensembl ids of a species that is neither")


# --- profiles


def _means() -> tuple[pd.DataFrame, pd.DataFrame, list[int]]:
    """Return means and standard deviations (genes x types), and the number of cells per type."""
    adata = _mouse(reference())
    labels = adata.obs["cell_type"].astype(str).to_numpy()
    parts = {name: adata.X[labels == name].toarray() for name in sorted(TYPES)}
    index = pd.Index(MOUSE, name="gene")
    means = pd.DataFrame({name: part.mean(axis=0) for name, part in parts.items()}, index=index)
    deviations = pd.DataFrame({f"{name}_sd": part.std(axis=0) for name, part in parts.items()}, index=index)
    return means, deviations, [len(part) for part in parts.values()]


def _with_table(folder: Path, table: pd.DataFrame, expected: Expected = N) -> Case:
    table.to_csv(folder / "ref.csv")
    return write_h5ad(_mouse(query()), folder / "query.h5ad"), str(folder / "ref.csv"), expected


@case
def transposed_profiles_with_deviations_and_counts(folder: Path) -> Case:
    means, deviations, n_cells = _means()
    table = pd.concat([means, deviations], axis=1).T
    table["n_cells"] = [*n_cells, *n_cells]
    return _with_table(folder, table)


@case
def profiles_with_ids_in_a_column(folder: Path) -> Case:
    table = _means()[0]
    table.insert(0, "gene_id", _ids())
    return _with_table(folder, table)


@case
def profiles_named_by_ids(folder: Path) -> Case:
    return _with_table(folder, _means()[0].set_axis(_ids()))


@case
def profiles_in_log2_of_cpm(folder: Path) -> Case:
    means = _means()[0]
    return _with_table(folder, np.log2(means / means.sum() * 1e6 + 1))


@case
def profiles_with_a_duplicate_type(folder: Path) -> Case:
    means, deviations, n_cells = _means()
    table = pd.concat([means, means[[means.columns[0]]] * 1.1, deviations], axis=1)
    table.loc["n_cells"] = [*n_cells, 5, *[0] * len(n_cells)]
    return _with_table(folder, table)


@case
def transposed_profiles_with_a_duplicate_type(folder: Path) -> Case:
    means = _means()[0]
    return _with_table(folder, pd.concat([means, means[[means.columns[0]]] * 1.1], axis=1).T)


@case
def profiles_with_a_text_value(folder: Path) -> Case:
    table = _means()[0].astype(object)
    table.iloc[3, 0] = "<0.1"
    return _with_table(folder, table, "column 'B cell' has the text '<0.1'")


@case
def profiles_with_a_type_of_zeros(folder: Path) -> Case:
    return _with_table(folder, _means()[0].assign(platelet=0.0), "a type without expression: platelet")


@case
def profiles_with_a_missing_number_of_cells(folder: Path) -> Case:
    means, _, n_cells = _means()
    means.loc["n_cells"] = [np.nan, *n_cells[1:]]
    return _with_table(folder, means, "n_cells is missing or negative for B cell")


@case
def profiles_of_one_type(folder: Path) -> Case:
    return _with_table(folder, _means()[0].iloc[:, :1], r"ref\.csv has 1 column of numbers")


@case
def profiles_in_h5ad_with_deviations_and_counts(folder: Path) -> Case:
    means, deviations, n_cells = _means()
    obs = pd.DataFrame({"cell_type": means.columns, "n_cells": n_cells}, index=[f"p{i}" for i in range(len(n_cells))])
    adata = ad.AnnData(means.to_numpy(dtype=np.float32).T, obs, pd.DataFrame(index=MOUSE))
    adata.layers["sd"] = deviations.to_numpy().T
    return _case(folder, _mouse(query()), adata)


def _with_statistics(folder: Path, edit: Callable[[h5py.File], None], expected: Expected = N) -> Case:
    """Write statistics with one cluster per type; the lowest level is cell_type, as in the configuration."""
    adata = _mouse(reference())
    logs = np.log2(adata.X.toarray() / np.asarray(adata.X.sum(axis=1)) * 1e6 + 1)
    labels, names = adata.obs["cell_type"].astype(str).to_numpy(), sorted(TYPES)
    clusters = [f"k{number}" for number in range(len(names))]
    tree = {
        "hierarchy": ["CLAS", "CLUS"],
        "hierarchy_mapper": {"CLAS": "class", "CLUS": "cell_type"},
        "CLAS": {"first": clusters[:3], "second": clusters[3:]},
        "CLUS": {key: [] for key in clusters},
        "name_mapper": {"CLUS": {key: {"name": name} for key, name in zip(clusters, names, strict=True)}},
    }
    rows = {key: row for row, key in enumerate(clusters)}
    with h5py.File(folder / "precomputed_stats.h5", "w") as file:
        for key, content in (("cluster_to_row", rows), ("col_names", MOUSE), ("taxonomy_tree", tree)):
            file[key] = json.dumps(content).encode()
        parts = [logs[labels == name] for name in names]
        file["n_cells"] = np.array([len(part) for part in parts])
        file["sum"] = np.array([part.sum(axis=0) for part in parts])
        file["sumsq"] = np.array([(part**2).sum(axis=0) for part in parts])
        file["ge1"] = np.array([(part > 0).sum(axis=0) for part in parts])
        edit(file)
    return write_h5ad(_mouse(query()), folder / "query.h5ad"), str(folder / "precomputed_stats.h5"), expected


@case
def statistics_with_variable_length_strings(folder: Path) -> Case:
    def edit(file: h5py.File) -> None:
        for key in ("cluster_to_row", "col_names", "taxonomy_tree"):
            text = file[key][()].decode()
            del file[key]
            file.create_dataset(key, data=text, dtype=h5py.string_dtype())

    return _with_statistics(folder, edit)


@case
def statistics_without_squares(folder: Path) -> Case:
    def edit(file: h5py.File) -> None:
        del file["sumsq"], file["ge1"]

    return _with_statistics(folder, edit)


@case
def statistics_with_a_cluster_outside_the_tree(folder: Path) -> Case:
    def edit(file: h5py.File) -> None:
        tree = json.loads(file["taxonomy_tree"][()])
        tree["CLAS"]["second"] = ["k3"]
        del file["taxonomy_tree"]
        file["taxonomy_tree"] = json.dumps(tree).encode()

    return _with_statistics(folder, edit, r"precomputed_stats\.h5 is damaged: .* \('k4' is missing\)")


@case
def statistics_without_a_hierarchy(folder: Path) -> Case:
    def edit(file: h5py.File) -> None:
        tree = json.loads(file["taxonomy_tree"][()])
        del tree["hierarchy"], file["taxonomy_tree"]
        file["taxonomy_tree"] = json.dumps(tree).encode()

    return _with_statistics(folder, edit, "its taxonomy and its clusters do not agree")
