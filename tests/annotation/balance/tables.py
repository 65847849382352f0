"""Reference cells with given numbers per type and source."""

import anndata as ad

from tests.cells import cells_with

LABEL, SOURCE, CL = "original_label", "reference_source", "cell_type_ontology_term_id"


def cells(table: dict[tuple[str, str], int], ids: dict[str, str] | None = None) -> ad.AnnData:
    """Create cells from (type, source) -> number."""
    pairs = [pair for pair, n in table.items() for _ in range(n)]
    columns = cells_with(**{LABEL: [label for label, _ in pairs], SOURCE: [source for _, source in pairs]})
    if ids is not None:
        columns.obs[CL] = columns.obs[LABEL].map(ids).fillna("")
    return columns


def counted(adata: ad.AnnData, column: str = LABEL) -> dict[str, int]:
    return {str(name): int(n) for name, n in adata.obs[column].value_counts().items() if n}
