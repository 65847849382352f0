"""Random combinations of changes of the query, the references and the settings."""

import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anndata as ad
from hypothesis import strategies as st

from tests.workflow.random_changes import CELLS, CLASSES, FEATURES, LABELS, SCALES, Change
from tests.workflow.tissue import query, reference


@dataclass(frozen=True)
class RandomRun:
    """The changes of the query and of one or two references, their formats, and settings."""

    query: tuple[str, ...]
    reference: tuple[str, ...]
    second: tuple[str, ...] | None
    formats: tuple[str, str]
    settings: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> tuple[str, list[str]]:
        """Write query and references, and return their paths."""
        references = [_write(_changed(reference(), self.reference), folder / "ref", self.formats[1])]
        if self.second is not None:
            references.append(_write(_changed(reference(seed=5), self.second), folder / "other", "h5ad"))
        return _write(_changed(query(), self.query), folder / "query", self.formats[0]), references


CHANGES = {
    **{f"values: {name}": change for name, change in SCALES.items()},
    **{f"features: {name}": change for name, change in FEATURES.items()},
    **{f"cells: {name}": change for name, change in CELLS.items()},
    **{f"labels: {name}": change for name, change in LABELS.items()},
    **{f"classes: {name}": change for name, change in CLASSES.items()},
}


def _changed(adata: ad.AnnData, names: tuple[str, ...]) -> ad.AnnData:
    for name in names:
        if adata.n_obs and adata.X.nnz:
            adata = CHANGES[name](adata)
    return adata


def _write(adata: ad.AnnData, path: Path, file_format: str) -> str:
    shutil.rmtree(path.parent / f"{path.name}.zarr", ignore_errors=True)
    if file_format == "absent":
        return f"{path}.h5ad"
    if file_format == "h5ad":
        adata.write_h5ad(f"{path}.h5ad")
        return f"{path}.h5ad"
    adata.write_zarr(f"{path}.zarr")
    if file_format == "zarr":
        return f"{path}.zarr"
    with zipfile.ZipFile(f"{path}.zarr.zip", "w") as archive:
        for file in sorted(each for each in Path(f"{path}.zarr").rglob("*") if each.is_file()):
            archive.write(file, file.relative_to(f"{path}.zarr").as_posix())
    return f"{path}.zarr.zip"


def _changes(*groups: dict[str, Change]) -> st.SearchStrategy[tuple[str, ...]]:
    kinds = {
        id(SCALES): "values",
        id(FEATURES): "features",
        id(CELLS): "cells",
        id(LABELS): "labels",
        id(CLASSES): "classes",
    }
    names = [f"{kinds[id(group)]}: {name}" for group in groups for name in group]
    return st.lists(st.sampled_from(names), max_size=2, unique=True).map(tuple)


FORMATS = st.sampled_from(["h5ad"] * 6 + ["zarr", "zipped", "absent"])
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "orthologs": st.booleans(),
        "species": st.sampled_from(["auto", "human", "mouse"]),
        "min_gene_overlap_pct": st.sampled_from([0.0, 25.0, 90.0]),
        "min_cells_per_type": st.sampled_from([0, 10, 17, 40]),
        "drop_uninformative_labels": st.booleans(),
        "exclude_labels": st.sampled_from([[], ["B cell"], ["B cell", "mast cell", "fibroblast", "epithelial cell"]]),
        "max_cells_per_ref": st.sampled_from([3, 20, 60]),
        "max_cells_per_type": st.sampled_from([1, 12]),
        "balance_strategy": st.sampled_from(["proportional", "equal"]),
        "class_names": st.sampled_from(["ontology", "labels"]),
        "add_ontology": st.booleans(),
        "target_proportions": st.sampled_from([{"B cell": 0.4}, {"mast cell": 1e-4}, {"b cell": 0.5, "NK cell": 0.5}]),
        "taxonomy_levels": st.sampled_from([[], ["cell_type"], ["subclass"]]),
    },
)
RUNS = st.builds(
    RandomRun,
    query=st.one_of(st.just(()), _changes(SCALES, FEATURES, CELLS)),  # most runs succeed if one part is changed
    reference=st.one_of(
        _changes(SCALES, FEATURES, CELLS, LABELS, CLASSES), _changes(LABELS, CLASSES), _changes(CLASSES)
    ),
    second=st.one_of(st.none(), st.none(), _changes(FEATURES, LABELS, CLASSES)),
    formats=st.tuples(FORMATS, FORMATS),
    settings=SETTINGS,
)
