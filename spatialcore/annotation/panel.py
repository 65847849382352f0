"""The genes that a spatial panel measures."""

from pathlib import Path

import pandas as pd
from anndata import AnnData

from spatialcore.core.genes import (
    canonical_symbol,
    is_control,
    is_ensembl,
    load_ensembl_to_hugo_mapping,
    strip_version,
    symbols_of,
)
from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, InputError

log = get_logger(__name__)

FEATURE_TYPES = ("feature_types", "feature_type")
GENE_FEATURES = {"gene", "gene expression", "rna"}


def get_panel_genes(adata: AnnData) -> list[str]:
    """Return the genes of a spatial sample as symbols, each once, in the order of var.

    Ensembl ids become symbols. Control probes, blanks and other features that are no genes are left out, and how
    many is logged; they stay in the AnnData.

    Parameters
    ----------
    adata
        Cells x features of a Xenium, CosMx or MERSCOPE run.

    Raises
    ------
    InputError
        No gene is left.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> var = pd.DataFrame(index=["CD3E", "ENSG00000010610.10", "NegControlProbe_00042", "BLANK_0097"])
    >>> get_panel_genes(anndata.AnnData(np.ones((1, 4)), var=var))
    ['CD3E', 'CD4']
    """
    names = [str(name) for name in adata.var_names]
    symbols = symbols_of(names, adata.var)
    gene_like = _is_gene_feature(adata.var)
    kept = [
        symbol
        for name, symbol, gene in zip(names, symbols, gene_like, strict=True)
        if gene and not is_control(name) and not is_control(symbol)
    ]
    if not kept:
        raise InputError(
            f"no gene among {len(names)} features (first: {', '.join(names[:5]) or 'none'})",
            hint="var_names must be gene symbols or Ensembl ids",
        )
    genes = list(dict.fromkeys(kept))
    log.info("panel: %d genes, %d control or other features left out", len(genes), len(names) - len(kept))
    return genes


def _is_gene_feature(var: pd.DataFrame) -> list[bool]:
    for column in FEATURE_TYPES:
        if column in var:
            types = [str(value).strip().lower() for value in var[column]]
            if any(value in GENE_FEATURES for value in types):
                return [value in GENE_FEATURES for value in types]
    return [True] * len(var)


def read_panel(path: str | Path) -> list[str]:
    """Return the genes of a panel file (CSV or TSV) as symbols, whatever its columns are called.

    The column of symbols is called gene, gene_name or the like; without one, the column that holds Ensembl ids
    is translated.

    Raises
    ------
    FileMissingError
        There is no such file.
    InputError
        No column holds genes.
    """
    file = Path(path)
    if not file.is_file():
        raise FileMissingError(f"no panel file at {file}", hint="pass a CSV or TSV with one gene a line")
    try:
        table = _read_text(file)
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{file} is no table: {error}", hint="pass a CSV or TSV with one gene a line") from error
    ids = _column_of_ids(table)
    symbols = next((table[column] for column in table.columns if _plain(column) in SYMBOL_HEADERS), None)
    if symbols is None and ids is None:
        raise InputError(
            f"{file} has no column of genes (columns: {', '.join(map(str, table.columns))})",
            hint="name a column 'gene', or give Ensembl ids",
        )
    named = ids if symbols is None else symbols
    assert named is not None
    genes = symbols_of([strip_version(value.strip()) for value in named if value.strip()])
    return list(dict.fromkeys(gene for gene in genes if not is_control(gene)))


def _read_text(file: Path) -> pd.DataFrame:
    """Read a table, or a bare list of genes with or without a header. A guessed separator would be a letter there."""
    with file.open(encoding="utf-8-sig") as lines:
        header = lines.readline().strip()
    separator = max("\t;,", key=header.count)
    table = pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if table.shape[1] == 1 and canonical_symbol(header) in set(load_ensembl_to_hugo_mapping().values()):
        return pd.DataFrame({"gene": [header, *table.iloc[:, 0]]})  # the first line is a gene, too
    return table


SYMBOL_HEADERS = {"gene", "genes", "gene_name", "gene_symbol", "symbol", "name", "target", "feature_name"}


def _plain(header: str) -> str:
    return str(header).strip().lower().replace(" ", "_")


def _column_of_ids(table: pd.DataFrame) -> "pd.Series[str] | None":
    for column in table.columns:
        values = [value for value in table[column] if value]
        if values and sum(is_ensembl(value) for value in values) > len(values) / 2:
            return table[column]
    return None
