"""The shared genes of queries that are annotated by one model, and a sample of their cells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import anndata as ad

from spatialcore import columns
from spatialcore.annotation.config import AnnotationSettings
from spatialcore.annotation.expression.find import measured_features
from spatialcore.annotation.expression.readable import require_readable
from spatialcore.annotation.gene_overlap import MIN_GENES, is_enough
from spatialcore.annotation.panel import get_panel_genes
from spatialcore.annotation.references.species import read_species, require_human_or_mouse, require_same_species
from spatialcore.core.genes.features import gene_names
from spatialcore.core.genes.species import Species
from spatialcore.core.matrix import is_on_disk
from spatialcore.core.on_disk.selection import cells_in_memory
from spatialcore.core.sampling import draw_named
from spatialcore.errors import GeneOverlapError, InputError

POOLED_CELLS = 20_000  # enough to establish a platform's depth, gene efficiency and background
SAMPLE_CELLS = 500  # of each sample at least


@dataclass(frozen=True)
class PooledQueries:
    """The common panel of the queries and, if they have cells, a sample of cells of all of them."""

    panel: list[str]
    sample: ad.AnnData | None


def pool_queries(queries: Iterable[ad.AnnData], config: AnnotationSettings) -> PooledQueries:
    """Return the common panel of the queries and a sample of their cells; queries are read one by one.

    Raises
    ------
    InputError, NormalizationError
        No model can read a query.
    SpeciesError
        A query has genes of two species, or the queries are of two.
    GeneOverlapError
        The queries share less than ``config.min_gene_overlap_pct`` of the smallest panel.
    """
    panels: list[list[str]] = []
    samples: list[ad.AnnData] = []
    species: list[Species | None] = []
    names = [query.name for query in getattr(config, "queries", [])]
    for query in queries:
        require_readable(query)
        panels.append(get_panel_genes(query))
        names += [f"query {len(panels)}"] if len(names) < len(panels) else []
        require_human_or_mouse(names[len(panels) - 1], *gene_names(measured_features(query)))
        species.append(read_species(names[len(panels) - 1], panels[-1]))
        samples.append(_draw(query, POOLED_CELLS, config.random_state))
    require_same_species(species, names[: len(panels)])
    panel = common_genes(panels, config.min_gene_overlap_pct)
    if len(panels) > 1:  # the same model in whatever order the queries come
        panel = sorted(panel)
    return PooledQueries(panel, _pool(samples, names, config.random_state))


def common_genes(panels: Sequence[list[str]], min_gene_overlap_pct: float) -> list[str]:
    """Return the genes that all panels have, in the order of the first.

    Raises
    ------
    GeneOverlapError
        They share less than ``min_gene_overlap_pct`` of the smallest, or fewer than ten genes.
    """
    if not panels:
        raise InputError("no query was given", hint="pass at least one AnnData")
    common = set(panels[0]).intersection(*panels[1:])
    smallest = min(len(panel) for panel in panels)
    if not is_enough(len(common), smallest, smallest, min_gene_overlap_pct):
        raise GeneOverlapError(
            f"the queries share {len(common)} of {smallest} genes of the smallest panel, "
            f"expected at least {min_gene_overlap_pct:g} % and {MIN_GENES} genes",
            hint="annotate samples of different panels in separate runs",
        )
    return [gene for gene in panels[0] if gene in common]


def _draw(query: ad.AnnData, n_cells: int, random_state: int) -> ad.AnnData:
    if query.n_obs <= n_cells and not is_on_disk(query.X):
        return query
    rows = draw_named(query.obs_names, n_cells, random_state)
    return cells_in_memory(query, rows) if is_on_disk(query.X) else query[rows].copy()


def _pool(samples: list[ad.AnnData], names: list[str], random_state: int) -> ad.AnnData:
    """Join cells of the samples in the order of their names, with the name of each cell's sample in ``obs``."""
    if len(samples) == 1:
        return samples[0]
    n_cells = max(POOLED_CELLS // len(samples), SAMPLE_CELLS)
    drawn = {name: _draw(sample, n_cells, random_state) for name, sample in zip(names, samples, strict=False)}
    drawn = {name: drawn[name] for name in sorted(drawn)}
    return ad.concat(drawn, label=columns.QUERY_SAMPLE, join="inner", merge="first", index_unique="-")
