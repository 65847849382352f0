"""Inputs as people have them, by kind. Each builder returns query, reference and how a run of them is to end.

An ending is the number of genes of the model, or a pattern of the error that refuses the run.
"""

import gzip
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scanpy as sc
import scipy.sparse as sp

from tests.workflow.tissue import GENES, beside, query, reference, written

Ending = int | str
Case = tuple[str, str, Ending]
N = len(GENES)
RNG = np.random.default_rng(0)
SITUATIONS: dict[str, Callable[[Path], Case]] = {}


def situation(build: Callable[[Path], Case]) -> Callable[[Path], Case]:
    SITUATIONS[build.__name__] = build
    return build


def _q(folder: Path, adata: ad.AnnData | None = None) -> str:
    return written(query() if adata is None else adata, folder / "query.h5ad")


def _r(folder: Path, adata: ad.AnnData | None = None) -> str:
    return written(reference() if adata is None else adata, folder / "ref.h5ad")


def _with_query(folder: Path, adata: ad.AnnData, ending: Ending = N) -> Case:
    return _q(folder, adata), _r(folder), ending


def _with_reference(folder: Path, adata: ad.AnnData, ending: Ending = N) -> Case:
    return _q(folder), _r(folder, adata), ending


def _renamed(adata: ad.AnnData, names: dict[str, str]) -> ad.AnnData:
    adata.var_names = [names.get(name, name) for name in adata.var_names]
    return adata


# --- more than one modality


def _proteins(adata: ad.AnnData, n: int = 12) -> np.ndarray:
    return np.random.default_rng(3).gamma(2, 40, (adata.n_obs, n))


@situation
def query_with_proteins_of_genes_names(folder: Path) -> Case:
    adata = query()
    wide = beside(adata, GENES[:12], _proteins(adata), feature_types=("Gene Expression", "Antibody Capture"))
    return _with_query(folder, wide)


@situation
def query_with_proteins_before_genes(folder: Path) -> Case:
    adata = query()
    wide = beside(adata, GENES[:12], _proteins(adata), feature_types=("Gene Expression", "Protein Expression"))
    turned = wide[:, [*range(N, N + 12), *range(N)]].copy()
    turned.var_names_make_unique()
    turned.var["gene_symbols"] = [*GENES[:12], *GENES]
    return _with_query(folder, turned)


@situation
def query_with_negative_proteins(folder: Path) -> Case:
    adata = query()
    wide = beside(adata, [f"P{i}" for i in range(12)], _proteins(adata) - 80, feature_type=("gene", "protein"))
    return _with_query(folder, wide)


@situation
def query_with_proteins_told_by_name(folder: Path) -> Case:
    adata = query()
    return _with_query(folder, beside(adata, [f"{g}_TotalSeqB" for g in GENES[:12]], _proteins(adata)))


@situation
def query_of_proteins_alone(folder: Path) -> Case:
    adata = query()
    adata.var["feature_types"] = "Antibody Capture"
    return _with_query(folder, adata, "no feature of X has the name of a gene")


@situation
def reference_with_proteins(folder: Path) -> Case:
    adata = reference()
    wide = beside(adata, GENES[:12], 1000 * _proteins(adata), modality=("rna", "prot"))
    return _with_reference(folder, wide)


@situation
def reference_whose_proteins_alone_bear_the_names(folder: Path) -> Case:
    adata = reference()
    subset = adata[:, adata.var_names[10:]].copy()
    wide = beside(
        subset, GENES[:10], 1000 * _proteins(adata, 10), feature_types=("Gene Expression", "Antibody Capture")
    )
    return _with_reference(folder, wide, N - 10)


# --- scale


def _shares(adata: ad.AnnData, total: float, rows: slice = slice(None)) -> ad.AnnData:
    counts = adata.X.toarray()
    counts[rows] *= total / counts[rows].sum(axis=1, keepdims=True)
    adata.X = sp.csr_matrix(counts)
    return adata


LINEAR = "linear|on one scale"


@situation
def reference_in_linear_cpm(folder: Path) -> Case:
    return _with_reference(folder, _shares(reference(), 1e6), LINEAR)


@situation
def reference_in_linear_10k(folder: Path) -> Case:
    return _with_reference(folder, _shares(reference(), 1e4), LINEAR)


@situation
def reference_in_tpm_by_length(folder: Path) -> Case:
    adata = reference()
    adata.X = sp.csr_matrix(adata.X.toarray() / np.random.default_rng(0).uniform(0.5, 5, adata.n_vars))
    return _with_reference(folder, _shares(adata, 1e6), LINEAR)


@situation
def reference_in_rounded_cpm(folder: Path) -> Case:
    adata = _shares(reference(), 1e6)
    adata.X.data = np.round(adata.X.data)
    return _with_reference(folder, adata, LINEAR)


def _rounded(adata: ad.AnnData, rows: slice = slice(None)) -> ad.AnnData:
    adata = _shares(adata, 1e4, rows)
    adata.X.data = np.round(adata.X.data)
    return adata


@situation
def reference_in_rounded_10k(folder: Path) -> Case:
    return _with_reference(folder, _rounded(reference()), LINEAR)


@situation
def query_in_rounded_10k(folder: Path) -> Case:
    return _with_query(folder, _rounded(query()), "linear")


@situation
def one_study_in_rounded_10k(folder: Path) -> Case:
    return _with_reference(folder, _rounded(reference(), slice(0, 9)), LINEAR)


@situation
def rounded_10k_in_the_layer_of_counts(folder: Path) -> Case:
    adata = reference()
    adata.layers["counts"] = _rounded(reference()).X
    return _with_reference(folder, adata)


@situation
def one_study_in_tpm(folder: Path) -> Case:
    return _with_reference(folder, _shares(reference(), 1e6, slice(0, 16)), LINEAR)


@situation
def three_cells_in_tpm(folder: Path) -> Case:
    return _with_reference(folder, _shares(reference(), 1e6, slice(0, 3)), LINEAR)


@situation
def some_cells_in_counts_others_in_logarithms(folder: Path) -> Case:
    adata = _logged(reference(), 1e4)
    values = adata.X.tolil()
    values[:3] = reference().X[:3]
    adata.X = values.tocsr()
    return _with_reference(folder, adata, LINEAR)


def _logged(adata: ad.AnnData, total: float | None, base: float = np.e) -> ad.AnnData:
    sc.pp.normalize_total(adata, target_sum=total)
    adata.X.data = np.log1p(adata.X.data) / np.log(base)
    return adata


@situation
def reference_in_log1p_of_cpm(folder: Path) -> Case:
    return _with_reference(folder, _logged(reference(), 1e6))


@situation
def reference_in_log2(folder: Path) -> Case:
    return _with_reference(folder, _logged(reference(), 1e4, 2))


@situation
def reference_in_log10(folder: Path) -> Case:
    return _with_reference(folder, _logged(reference(), 1e6, 10))


@situation
def reference_of_scanpys_defaults(folder: Path) -> Case:
    return _with_reference(folder, _logged(reference(), None))


@situation
def query_of_scanpys_defaults(folder: Path) -> Case:
    return _with_query(folder, _logged(query(), None))


@situation
def two_studies_of_two_bases(folder: Path) -> Case:
    adata = _logged(reference(), 1e4)
    other = _logged(reference(), 1e4, 2)
    adata.X = sp.vstack([adata.X[:40], other.X[40:]]).tocsr()
    return _with_reference(folder, adata)


@situation
def reference_with_nan(folder: Path) -> Case:
    adata = reference()
    adata.X.data[5] = np.nan
    return _with_reference(folder, adata, "NaN")


@situation
def query_with_infinite_values(folder: Path) -> Case:
    adata = query()
    adata.X.data[5] = np.inf
    return _with_query(folder, adata, "infinite")


@situation
def query_with_scaled_values(folder: Path) -> Case:
    adata = query()
    sc.pp.scale(adata)
    return _with_query(folder, adata, "negative")


# --- names of genes

RENAMED = {"CD19": "B4", "KLRD1": "CD94", "TACSTD2": "TROP2", "CD4": "CD4 "}


def _with_controls(folder: Path, kinds: Sequence[str], pattern: str) -> Case:
    adata = query()
    names = [pattern.format(kind, number) for kind in kinds for number in range(60)]
    return _with_query(folder, beside(adata, names, RNG.poisson(0.02, (adata.n_obs, len(names)))))


@situation
def query_with_controls_as_seurat_writes_them(folder: Path) -> Case:
    kinds = ("UnassignedCodeword", "DeprecatedCodeword", "BLANK", "NegControlProbe")
    return _with_controls(folder, kinds, "{}-{:04d}")


@situation
def query_with_controls_as_r_writes_them(folder: Path) -> Case:
    kinds = ("Genomic.Control", "Negative.Control.Codeword", "Blank", "SystemControl")
    return _with_controls(folder, kinds, "{}.{}")


def _with_merged_probes(folder: Path, names: dict[str, str]) -> Case:
    adata = query()[:, [g for g in GENES if g not in ("TPSB2", "XCL2", "HSPA1B")]].copy()
    return _with_query(folder, _renamed(adata, names), N - 3)


@situation
def query_with_merged_probes(folder: Path) -> Case:
    return _with_merged_probes(folder, {"TPSAB1": "TPSAB1/B2", "XCL1": "XCL1/2", "HSPA1A": "HSPA1A/B"})


@situation
def query_with_merged_probes_through_r(folder: Path) -> Case:
    names = {"TPSAB1": "TPSAB1.B2", "XCL1": "XCL1.2", "HSPA1A": "HSPA1A-B", "HLA-A": "HLA.A"}
    return _with_merged_probes(folder, names)


@situation
def query_in_small_letters(folder: Path) -> Case:
    return _with_query(folder, _renamed(query(), {g: g.lower() for g in GENES}))


@situation
def query_with_blanks_around_names(folder: Path) -> Case:
    return _with_query(folder, _renamed(query(), {g: f" {g} " for g in GENES}))


@situation
def query_with_former_symbols(folder: Path) -> Case:
    names = {"CCN2": "CTGF", "SEPTIN6": "SEPT6", "STING1": "TMEM173"}
    sample, single = query(), reference()
    sample = _renamed(sample, dict(zip(("CD74", "VIM", "B2M"), names.values(), strict=True)))
    return _q(folder, sample), _r(folder, _renamed(single, dict(zip(("CD74", "VIM", "B2M"), names, strict=True)))), N


@situation
def query_with_dates(folder: Path) -> Case:
    sample = _renamed(query(), {"CD74": "6-Sep", "VIM": "Mar-03", "B2M": "2024-09-07"})
    single = _renamed(reference(), {"CD74": "SEPTIN6", "VIM": "MARCHF3", "B2M": "SEPTIN7"})
    return _q(folder, sample), _r(folder, single), N


@situation
def query_with_an_ambiguous_date(folder: Path) -> Case:
    single = _renamed(reference(), {"CD74": "MARCHF1", "VIM": "MTARC1"})
    return _q(folder, _renamed(query(), {"CD74": "1-Mar", "VIM": "CD16"})), _r(folder, single), N - 2


@situation
def query_with_empty_and_doubled_names(folder: Path) -> Case:
    adata = query()
    wide = beside(adata, ["", "nan", "CD4", "CD79A-1"], np.ones((adata.n_obs, 4)))
    return _with_query(folder, wide)


@situation
def query_named_by_numbers(folder: Path) -> Case:
    return _with_query(folder, _renamed(query(), {g: str(i) for i, g in enumerate(GENES)}), "no feature of X")


@situation
def query_with_an_identifier_among_its_genes(folder: Path) -> Case:
    adata = query()
    wide = beside(adata, ["EntityID"], 1.1e18 + np.arange(adata.n_obs)[:, None])
    return _with_query(folder, wide, "EntityID")


# --- labels


def _labelled(values: list[str], n: int = 7, column: str = "cell_type") -> ad.AnnData:
    adata = reference()
    labels = adata.obs["cell_type"].astype(str).to_numpy().astype(object)
    for i, value in enumerate(values):
        labels[i * n : (i + 1) * n] = value
    adata.obs[column] = labels
    return adata


@situation
def reference_with_missing_types_as_text(folder: Path) -> Case:
    return _with_reference(folder, _labelled(["nan", "<NA>", "None"]))


@situation
def reference_with_leftovers(folder: Path) -> Case:
    return _with_reference(folder, _labelled(["Other", "Mixed", "Low Quality"]))


@situation
def reference_with_doublets_and_numbers(folder: Path) -> Case:
    return _with_reference(folder, _labelled(["Doublets", "cluster 3", "12"]))


@situation
def reference_labelled_by_numbers_alone(folder: Path) -> Case:
    adata = reference()
    adata.obs["cell_type"] = adata.obs["cell_type"].cat.codes.astype(str)
    return _with_reference(folder, adata, "no labelled cell|no type")


# --- gene overlap


@situation
def panel_of_33_genes_of_which_16_are_shared(folder: Path) -> Case:
    typed = [*GENES[0:4], *GENES[10:14], *GENES[20:24], *GENES[30:34]]
    other_genes = [g for g in GENES if g not in typed][:17]
    genes = [*typed, *other_genes]
    single = reference()
    return (
        _q(folder, query()[:, genes].copy()),
        _r(folder, single[:, [g for g in single.var_names if g not in other_genes]].copy()),
        16,
    )


@situation
def small_reference_for_a_large_panel(folder: Path) -> Case:
    adata = query()
    names = [f"LINC{i:05d}" for i in range(3000, 3400)]
    return _with_query(folder, beside(adata, names, RNG.poisson(0.1, (adata.n_obs, 400))))


@situation
def panel_that_shares_nine_genes(folder: Path) -> Case:
    adata = query()
    return _with_query(folder, _renamed(adata, {g: f"NOVEL{i}X" for i, g in enumerate(GENES[9:])}), "9 of")


# --- old and foreign files


@situation
def legacy_files(folder: Path) -> Case:
    adata = reference()
    types = pd.Categorical(adata.obs["cell_type"])
    path = folder / "ref.h5ad"
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as out:
        group = out.create_group("X")
        for key in ("data", "indices", "indptr"):
            group[key] = getattr(adata.X, key)
        group.attrs["h5sparse_format"], group.attrs["h5sparse_shape"] = "csr", np.array(adata.shape)
        rows = list(zip([n.encode() for n in adata.obs_names], types.codes, strict=True))
        out["obs"] = np.array(rows, dtype=[("index", "S40"), ("cell_type", "i1")])
        out["var"] = np.array([(n.encode(), 1.0) for n in adata.var_names], dtype=[("index", "S40"), ("n", "f8")])
        out.create_group("uns")["cell_type_categories"] = np.array([c.encode() for c in types.categories])
    return _q(folder), str(path), N


@situation
def raw_whose_names_are_in_a_column(folder: Path) -> Case:
    adata = query()
    adata.raw = adata.copy()
    sc.pp.scale(adata)
    path = Path(_q(folder, adata))
    with h5py.File(path, "a") as out:
        frame, text = out["raw/var"], h5py.string_dtype()
        names = frame[frame.attrs["_index"]][:]
        del frame[frame.attrs["_index"]]
        for key, values in (("row", [str(i) for i in range(len(names))]), ("_index", names)):
            dataset = frame.create_dataset(key, data=np.array(values, dtype=object), dtype=text)
            dataset.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
        frame.attrs["_index"], frame.attrs["column-order"] = "row", np.array(["_index"], dtype=object)
    return str(path), _r(folder), N


def _zarr(folder: Path, version: int) -> Path:
    path = folder / f"v{version}" / "ref.zarr"
    path.parent.mkdir(parents=True, exist_ok=True)
    with ad.settings.override(zarr_write_format=version):
        reference().write_zarr(path)
    return path


def _zipped(path: Path, top: str = "") -> str:
    target = path.with_suffix(".zarr.zip")
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(each for each in path.rglob("*") if each.is_file()):
            archive.write(file, top + file.relative_to(path).as_posix())
    return str(target)


@situation
def zarr_of_format_2(folder: Path) -> Case:
    return _q(folder), str(_zarr(folder, 2)), N


@situation
def zarr_of_format_3(folder: Path) -> Case:
    return _q(folder), str(_zarr(folder, 3)), N


@situation
def zipped_zarr_of_format_2(folder: Path) -> Case:
    return _q(folder), _zipped(_zarr(folder, 2)), N


@situation
def zipped_zarr_of_format_3_in_a_folder(folder: Path) -> Case:
    return _q(folder), _zipped(_zarr(folder, 3), "ref.zarr/"), N


@situation
def zipped_query(folder: Path) -> Case:
    path = folder / "query.zarr"
    query().write_zarr(path)
    return _zipped(path), _r(folder), N


@situation
def gzipped_h5ad(folder: Path) -> Case:
    path = Path(_q(folder))
    with gzip.open(f"{path}.gz", "wb") as out, path.open("rb") as source:
        shutil.copyfileobj(source, out)
    return f"{path}.gz", _r(folder), "unknown format"


# --- the owner's own columns and what cannot be written


@situation
def query_with_own_calls(folder: Path) -> Case:
    adata = query()
    adata.obs["cell_type"] = "mine"
    adata.obs["cell_type_ontology_term_id"] = "CL:0000000"
    return _with_query(folder, adata)


FOREIGN: dict[str, object] = {
    "text": "notes of the authors",
    "number": 7,
    "array": np.arange(3),
    "mapping": {"model": "mine"},
    "frame": pd.DataFrame({"a": [1, 2]}, index=["x", "y"]),
}


def _foreign(what: str) -> Callable[[Path], Case]:
    def build(folder: Path) -> Case:
        adata = query()
        for key in ("spatialcore_annotation", "spatialcore_source", "spatialcore_linear_model"):
            adata.uns[key] = FOREIGN[what]
        adata.obsm["cell_type_path_confidence"] = np.zeros((adata.n_obs, 1))
        return _with_query(folder, adata)

    return build


for _what in FOREIGN:
    SITUATIONS[f"query_with_a_{_what}_under_our_names_of_uns"] = _foreign(_what)


@situation
def query_with_nullable_names(folder: Path) -> Case:
    adata = query()
    adata.obs.index, adata.var.index = adata.obs.index.astype("string"), adata.var.index.astype("string")
    with ad.settings.override(allow_write_nullable_strings=True):
        folder.mkdir(parents=True, exist_ok=True)
        adata.write_h5ad(folder / "query.h5ad", convert_strings_to_categoricals=False)
    return str(folder / "query.h5ad"), _r(folder), N


@situation
def query_in_half_precision(folder: Path) -> Case:
    adata = query()
    adata.X = adata.X.toarray().astype(np.float16)
    return _with_query(folder, adata)


@situation
def sparse_query_in_half_precision(folder: Path) -> Case:
    path = Path(_q(folder))
    with h5py.File(path, "a") as out:
        values = out["X/data"][:].astype(np.float16)
        attrs = dict(out["X/data"].attrs)
        del out["X/data"]
        out["X"].create_dataset("data", data=values).attrs.update(attrs)
    return str(path), _r(folder), N


@situation
def reference_in_half_precision(folder: Path) -> Case:
    adata = reference()
    adata.X = adata.X.toarray().astype(np.float16)
    return _with_reference(folder, adata)


@situation
def query_with_columns_of_all_kinds(folder: Path) -> Case:
    adata = query()
    n = adata.n_obs
    adata.obs["unused"] = pd.Categorical(["a"] * n, categories=["a", "b"])
    adata.obs["numbers"] = pd.Categorical(np.arange(n) % 3)
    adata.obs["ordered"] = pd.Categorical(["x", "y"] * (n // 2), categories=["y", "x"], ordered=True)
    adata.obs["integers"] = pd.array([None, 1] * (n // 2), dtype="Int64")
    adata.obs["flags"] = pd.array([None, True] * (n // 2), dtype="boolean")
    adata.obs["nothing"] = np.nan
    adata.obs[" area "], adata.obs["a:b"], adata.obs["µ"] = 1.0, 2, "x"
    adata.obs_names = [f'section/1 #{i}, "é"' for i in range(n)]
    adata.uns.update({"log1p": {"base": None}, "nested": {"a": {"b": [1, 2]}}, "empty": {}})
    adata.X = sp.csc_matrix(adata.X.astype(np.int64))
    return _with_query(folder, adata)


def _places(folder: Path, places: Callable[[ad.AnnData], object]) -> Case:
    adata = query()
    adata.obsm["spatial"] = places(adata)
    return _with_query(folder, adata)


@situation
def query_with_places_in_a_frame(folder: Path) -> Case:
    return _places(folder, lambda a: pd.DataFrame(a.obsm["spatial"], index=a.obs_names, columns=["x", "y"]))


@situation
def query_with_places_that_are_texts(folder: Path) -> Case:
    return _places(folder, lambda a: pd.DataFrame({"x": ["left"] * a.n_obs, "y": "top"}, index=a.obs_names))


@situation
def query_with_sparse_places(folder: Path) -> Case:
    return _places(folder, lambda a: sp.csr_matrix(a.obsm["spatial"]))


@situation
def query_with_one_coordinate(folder: Path) -> Case:
    return _places(folder, lambda a: a.obsm["spatial"][:, :1])


@situation
def query_with_missing_places(folder: Path) -> Case:
    return _places(folder, lambda a: np.where(np.arange(a.n_obs)[:, None] % 5, a.obsm["spatial"], np.nan))


@situation
def query_with_missing_feature_types(folder: Path) -> Case:
    adata = query()
    adata.var["feature_types"] = [None if i % 2 else "Gene Expression" for i in range(adata.n_vars)]
    return _with_query(folder, adata)


@situation
def reference_with_labels_in_html(folder: Path) -> Case:
    adata = reference()
    adata.obs["cell_type"] = [f"<b>{label}</b>" for label in adata.obs["cell_type"].astype(str)]
    return _with_reference(folder, adata)


@situation
def query_with_doubled_cells(folder: Path) -> Case:
    adata = query()
    adata.obs_names = ["cell_0", *adata.obs_names[:-1]]
    return _with_query(folder, adata)
