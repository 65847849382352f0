"""The genes that a spatial panel measures."""

from io import StringIO
from pathlib import Path

import pandas as pd
from anndata import AnnData

from spatialcore.annotation.expression.find import measured_features
from spatialcore.core.genes.features import gene_names
from spatialcore.core.genes.spelling import name_findings
from spatialcore.core.genes.symbols import is_control, is_ensembl, strip_version, symbols_of
from spatialcore.core.logging import get_logger
from spatialcore.core.validation import takes_adata
from spatialcore.errors import FileMissingError, InputError

log = get_logger(__name__)


@takes_adata
def get_panel_genes(adata: AnnData) -> list[str]:
    """Return the genes of a spatial sample as symbols, each once, in the order of var.

    Ensembl ids become symbols. Control probes, blanks and other features that are not genes are left out and
    their number is logged; they stay in the AnnData.

    Parameters
    ----------
    adata
        Cells x features of a Xenium, CosMx or MERSCOPE run. If X is scaled and raw.X has logarithms, the genes are
        those of raw.X.

    Returns
    -------
    list of str
        Gene symbols.

    Raises
    ------
    InputError
        None of the features is a gene.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> var = pd.DataFrame(index=["CD3E", "ENSG00000010610.10", "NegControlProbe_00042", "BLANK_0097"])
    >>> get_panel_genes(anndata.AnnData(np.ones((1, 4)), var=var))
    ['CD3E', 'CD4']
    """
    var = measured_features(adata)
    symbols, names = gene_features(var), list(var.index)
    if not symbols:
        raise InputError(
            f"no gene among {len(names)} features (first: {', '.join(map(str, names[:5])) or 'none'})",
            hint="var_names must be gene symbols or Ensembl ids",
        )
    genes = list(dict.fromkeys(symbols))
    log.info("panel: %d genes, %d control or other features left out", len(genes), len(names) - len(symbols))
    for finding in name_findings(list(map(str, names))):
        log.warning("panel: %s", finding)
    return genes


def gene_features(var: pd.DataFrame) -> list[str]:
    """Return the symbol of each feature that is a gene, in the order of var; a symbol may come more than once."""
    return [symbol for symbol in gene_names(var)[0] if symbol]


def read_panel(path: str | Path) -> list[str]:
    """Return the genes of a panel file (CSV or TSV) as symbols.

    The column of symbols is called gene, gene_name or the like; without one, the column that holds Ensembl ids
    is translated.

    Raises
    ------
    FileMissingError
        The file does not exist.
    InputError
        No column holds genes.
    """
    file = Path(path)
    if not file.is_file():
        raise FileMissingError(f"no panel file at {file}", hint="pass a CSV or TSV with one gene a line")
    table = _read_table(file)
    column = next((name for name in table.columns if _plain(name) in SYMBOL_HEADERS), _column_of_ids(table))
    if column is None:
        raise InputError(
            f"panel file {file} has no column of genes (columns: {', '.join(map(str, table.columns))})",
            hint="name a column 'gene', or give Ensembl ids",
        )
    table = table[table[column] != ""]
    genes = symbols_of([strip_version(name) for name in table[column]], table)
    panel = list(dict.fromkeys(gene for gene in genes if not is_control(gene)))
    if not panel:
        raise InputError(f"panel file {file} has no genes", hint="pass a CSV or TSV with one gene a line")
    return panel


def _is_heading(text: str) -> bool:
    return _plain(text) in SYMBOL_HEADERS or _plain(text).startswith(("ensembl", "ensemble", "gene_id"))


def _read_table(file: Path) -> pd.DataFrame:
    """Read columns split by comma, tab or semicolon; a file of one column may be without a heading."""
    try:
        lines = [line for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        separator = max(",\t;", key=lines[0].count) if lines else ","
        if not all(line.replace("\t", " ").isprintable() for line in lines[:20]):
            raise ValueError("it is not a text file")
        if lines and separator not in lines[0]:
            names = [line.strip() for line in lines]
            return pd.DataFrame({"gene": names[_is_heading(names[0]) :]})
        table = pd.read_csv(StringIO("\n".join(lines)), sep=separator, dtype=str, keep_default_na=False)
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(
            f"panel file {file} is not a table: {error}", hint="pass a CSV or TSV with one gene a line"
        ) from error
    return pd.DataFrame({str(column): table[column].str.strip() for column in table})


SYMBOL_HEADERS = {"gene", "genes", "gene_name", "gene_symbol", "symbol", "name", "target", "feature_name"}


def _plain(header: str) -> str:
    return str(header).strip().lower().replace(" ", "_")


def _column_of_ids(table: pd.DataFrame) -> str | None:
    for column in table.columns:
        values = [value for value in table[column] if value]
        if values and sum(is_ensembl(value) for value in values) > len(values) / 2:
            return str(column)
    return None
