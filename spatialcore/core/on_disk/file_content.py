"""What a file is that no reader recognizes: an archive, a text, a web page, HDF5 of another program."""

from pathlib import Path
from typing import Final

import h5py

from spatialcore.core.text.wording import list_names
from spatialcore.errors import InputError

ARCHIVES: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar", ".xz", ".bz2", ".zst")
R_FILES: Final = (".rds", ".rda", ".rdata", ".qs", ".h5seurat")
TABLES: Final = (".csv", ".tsv", ".txt")
START_BYTES: Final = 512
# parts of HDF5 files of other programs -> what the file is, and what to do
HDF5_KINDS: Final = (
    (
        {"row_attrs", "col_attrs"},
        "a loom file, which is not supported",
        "write it as .h5ad: anndata.io.read_loom({name!r}).write_h5ad(...)",
    ),
    (
        {"barcode_idx", "feature_idx"},
        "the molecules of a 10x run, not counts per cell",
        "pass filtered_feature_bc_matrix.h5",
    ),
    (
        {"geneExp"},
        "a .gef file of Stereo-seq, which is not supported",
        "write it as .h5ad with stereopy: stereo.io.stereo_to_anndata(...)",
    ),
    (
        {"cellBin"},
        "a .gef file of Stereo-seq, which is not supported",
        "write it as .h5ad with stereopy: stereo.io.stereo_to_anndata(...)",
    ),
)
PASS_DATA: Final = "pass the unchanged output folder of the instrument, or an .h5ad file"


LABELLED: Final = (
    "write it as .h5ad with its labels: adata = spatialcore.io.read_spatial({path!r}); adata.obs['cell_type'] = "
    "pandas.read_csv('labels.csv', index_col=0)['cell_type']; adata.write_h5ad('reference.h5ad')"
)


def modalities(path: Path) -> list[str]:
    """Return the modalities of a MuData file (.h5mu); an empty list for other files."""
    if not path.is_file() or not h5py.is_hdf5(path):
        return []
    with h5py.File(path) as store:
        return sorted(store["mod"]) if isinstance(store.get("mod"), h5py.Group) else []


def not_anndata(path: Path) -> InputError | None:
    """Return the error for a file or folder that is known to be no AnnData: what it is, and what to do; else None.

    Parameters
    ----------
    path
        An existing file or folder.
    """
    is_container = path.is_dir() or path.suffix.lower() == ".zip"
    kind = _without_labels(path) or (None if is_container else other_content(path))
    return None if kind is None else InputError(f"{path} is {kind[0]}", hint=kind[1])


def _without_labels(path: Path) -> tuple[str, str] | None:
    """Return what data of a 10x run are, which have no labels of cells; None for other data."""
    hint = LABELLED.format(path=str(path))
    if path.is_dir():
        has_matrix = any(item.name.lower().endswith(("matrix.mtx", "matrix.mtx.gz")) for item in path.iterdir())
        return ("a 10x MEX folder, without labels", hint) if has_matrix else None
    if not h5py.is_hdf5(path):
        return None
    with h5py.File(path) as store:
        is_tenx = isinstance(store.get("matrix"), h5py.Group) and "barcodes" in store["matrix"]
    return ("a 10x .h5 file, without labels", hint) if is_tenx else None


def other_content(file: Path) -> tuple[str, str] | None:
    """Return what a file is and what to do with it; None if its content is not known.

    Examples
    --------
    >>> import tempfile
    >>> page = Path(tempfile.mkdtemp()) / "cells.h5ad"
    >>> _ = page.write_text("<!DOCTYPE html><html>")
    >>> other_content(page)[0]
    'a web page, not data'
    """
    if file.stat().st_size == 0:
        return "empty: a file of 0 bytes", "copy or download the file again"
    return _by_name(file) or _of_hdf5(file) or _of_gzip(file) or _of_text(file)


def _by_name(file: Path) -> tuple[str, str] | None:
    name = file.name.lower()
    if file.suffix.lower() in R_FILES:
        hint = "write it as .h5ad in R: anndataR::write_h5ad() for Seurat and SingleCellExperiment objects"
        return "an R file, which is not supported", hint
    if name.endswith(".gz") and not name.endswith(".tar.gz"):
        return "a compressed file, which is not supported", f"unpack it: gunzip {file.name}"
    if name.endswith(ARCHIVES):
        return (
            "an archive, which is not supported",
            f"unpack {file.name} and pass the folder or file that it contains",
        )
    if file.suffix.lower() == ".loom":
        _, kind, hint = HDF5_KINDS[0]
        return kind, hint.format(name=file.name)
    return None


def _of_hdf5(file: Path) -> tuple[str, str] | None:
    if not h5py.is_hdf5(file):
        return None
    if names := modalities(file):
        genes = next((name for name in names if name.lower() in ("rna", "gex", "gene expression")), names[0])
        return (
            f"a MuData file with the modalities {', '.join(names)}, which is not supported",
            f"write the modality with the genes as .h5ad: mudata.read({file.name!r})[{genes!r}].write_h5ad(...)",
        )
    with h5py.File(file) as store:
        parts = {str(name) for name in store}
    for required, kind, hint in HDF5_KINDS:
        if required <= parts:
            return kind, hint.format(name=file.name)
    return f"an HDF5 file of another program, with the parts {list_names(sorted(parts), 6) or 'none'}", PASS_DATA


def _of_gzip(file: Path) -> tuple[str, str] | None:
    """Return what a compressed file is that has the name of another."""
    with file.open("rb") as stream:
        is_gzip = stream.read(2) == b"\x1f\x8b"
    hint = f"unpack it: gunzip --stdout {file.name} > unpacked_{file.name}"
    return ("a compressed file, which is not supported", hint) if is_gzip else None


def _of_text(file: Path) -> tuple[str, str] | None:
    with file.open("rb") as stream:
        start = stream.read(START_BYTES)
    try:
        text = start.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:  # not a character that the last byte cuts
            return None
        text = start[: error.start].decode("utf-8-sig").lstrip()
    if "\0" in text:
        return None
    if text.startswith("version https://git-lfs"):
        return "a pointer of Git LFS, not the file itself", "fetch the file: git lfs pull"
    if text[:1] == "<":
        return "a web page, not data", "download the file again: the address may need a login"
    if file.suffix.lower() in TABLES:
        hint = "anndata.AnnData(pandas.read_csv(file, index_col=0)).write_h5ad(...) for cells x genes of counts"
        return "a text table, which is supported in folders of CosMx and MERSCOPE only", f"write it as .h5ad: {hint}"
    return f"a text that begins with {text.splitlines()[0][:40]!r}, not data" if text else "empty", PASS_DATA
