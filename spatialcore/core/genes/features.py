"""Select the features that are genes, by the feature type in var and by name."""

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatialcore.core.genes.names import is_control, is_gene_name
from spatialcore.core.genes.spelling import mend
from spatialcore.core.genes.symbols import ids_of, symbols_of

TYPE_COLUMNS: Final = ("feature_types", "feature_type", "feature_class", "modality", "assay", "feature_biotype")
GENE_TYPES: Final = {
    *("gene", "genes", "gene expression", "geneexpression", "rna", "gex", "mrna"),
    *("transcript", "xenium", "nanostring"),
}
MISSING_TYPES: Final = {"", "nan", "none", "na", "<na>"}  # of features of a table that was joined to another
MAX_TYPES: Final = 12
OTHER_TYPES: Final = re.compile(
    r"protein(?! coding)|antibody|\badt\b|\bprot\b|\bhto\b|multiplexing|hashtag|cell hashing|peak|\batac\b|chromatin"
    r"|crispr|guide|control|codeword|blank|\bcmo\b|negative|spike-?in|morphology|custom feature|lipid|metabolite",
    re.IGNORECASE,
)


def of_gene_type(var: pd.DataFrame) -> NDArray[np.bool_]:
    """Return whether each feature is a gene according to var; all are, if var has no column of feature types.

    A column is used if it has a type of genes ("Gene Expression") or another known type ("Antibody Capture"); features
    without a type are genes, unless their names say otherwise. A column
    of another name only if all its values are types of one or the other kind, and both occur.
    """
    for column in TYPE_COLUMNS:
        if column in var:
            types = [_plain(value) for value in var[column]]
            if any(one in GENE_TYPES for one in types):
                return np.array([one in GENE_TYPES or one in MISSING_TYPES for one in types], dtype=bool)
            other = np.array([OTHER_TYPES.search(one) is not None for one in types], dtype=bool)
            if other.any():
                return ~other
    for column in var.columns:
        if column not in TYPE_COLUMNS and (genes := _types_of_any_column(var[column])) is not None:
            return genes
    return np.ones(len(var), dtype=bool)


def _types_of_any_column(values: "pd.Series[Any]") -> NDArray[np.bool_] | None:
    if pd.api.types.is_numeric_dtype(values):
        return None
    codes, kinds = pd.factorize(values)
    types = [_plain(kind) for kind in kinds]
    genes = np.array([one in GENE_TYPES for one in types], dtype=bool)
    are_all_recognized = len(types) <= MAX_TYPES and all(
        gene or OTHER_TYPES.search(one) is not None for one, gene in zip(types, genes, strict=True)
    )
    return np.append(genes, False)[codes] if are_all_recognized and genes.any() and not genes.all() else None


def gene_columns(var: pd.DataFrame) -> NDArray[np.intp] | None:
    """Return the positions of the features with gene counts, or None if all features have them.

    Control features are included: they are counts as well.
    """
    mask = of_gene_type(var)
    marked = np.array([is_gene_name(str(name)) or is_control(str(name)) or _is_number(name) for name in var.index])
    mask &= marked if len(marked) else True
    return None if mask.all() or not mask.any() else np.flatnonzero(mask)


def gene_names(var: pd.DataFrame, names: Sequence[str] | None = None) -> tuple[list[str], list[str]]:
    """Return symbol and Ensembl id of every feature; both '' if it is not a gene (controls, proteins, empty names).

    Parameters
    ----------
    var
        The features.
    names
        Names of the features, if they are not the index.
    """
    mended = mend([str(name) for name in (var.index if names is None else names)])
    genes = of_gene_type(var)
    symbols, ids = [""] * len(mended), [""] * len(mended)
    positions = np.flatnonzero(genes)
    if len(positions) == 0:
        return symbols, ids
    part = var.iloc[positions]
    selected = [mended[i] for i in positions]
    for i, name, symbol, identifier in zip(
        positions, selected, symbols_of(selected, part), ids_of(selected, part), strict=True
    ):
        if is_gene_name(symbol) and not is_control(name):
            symbols[i], ids[i] = symbol, identifier
    return symbols, ids


def _plain(value: Any) -> str:
    return "" if pd.isna(value) else re.sub(r"[\s_]+", " ", str(value).strip()).lower()


def _is_number(name: Any) -> bool:
    return str(name).isdigit()
