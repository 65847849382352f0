"""The stages from references to a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spatialcore import columns
from spatialcore.annotation.config import AnnotationSettings, TrainingConfig
from spatialcore.core.logging import get_logger
from spatialcore.core.text.wording import number_of

if TYPE_CHECKING:  # imported in the functions: flows import the order of the stages, which stays cheap
    import numpy as np
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from spatialcore.annotation.ontology.result import MappingResult
    from spatialcore.annotation.run_manifest import Stopwatch
    from spatialcore.annotation.training.train import TrainingResult

log = get_logger(__name__)
Progress = Callable[[str], None]


@dataclass(frozen=True)
class TrainingRecord:
    """What a model was trained on.

    Parameters
    ----------
    mapped
        All reference cells with their classes, without their counts.
    balanced
        The training cells.
    mapping
        Label -> Cell Ontology term; None where labels are not mapped.
    """

    mapped: AnnData
    balanced: AnnData
    mapping: pd.DataFrame | None

    @property
    def manifest(self) -> dict[str, str]:
        """The part of the run manifest that describes the training cells."""
        from spatialcore.annotation.run_manifest import describe_training

        return describe_training(self.mapped, self.balanced, self.mapping)


def train_model(
    config: TrainingConfig,
    panel: Sequence[str],
    query: AnnData | None,
    output: Path,
    *,
    stopwatch: Stopwatch | None = None,
    progress: Progress = log.info,
) -> TrainingRecord:
    """Run the stages of ``TRAINING_ORDER`` and write the files of the model.

    Parameters
    ----------
    config
        References and settings.
    panel
        Gene symbols of the panel.
    query
        Cells of the platform that the model is matched to; None trains without matching.
    output
        Path of the ``.pkl``; its folder is created.
    stopwatch
        Records the seconds of each stage.
    progress
        Called with one line at the start of the long stages.

    Returns
    -------
    TrainingRecord
        Reference cells, training cells and label mapping.
    """
    from spatialcore.annotation.run_manifest import Stopwatch

    stopwatch = stopwatch or Stopwatch()
    progress(f"reading {number_of(len(config.references), 'reference')}, {number_of(len(panel), 'panel gene')}")
    with stopwatch.stage("references"):
        combined = combine(config, panel)
    with stopwatch.stage("ontology"):
        mapped, result = map_ontology(combined, config)
    with stopwatch.stage("balance"):
        balanced = _balance_counts(mapped, config)
    mapped = _without_matrices(mapped)
    del combined
    progress(f"training on {number_of(balanced.n_obs, 'cell')}")
    output.parent.mkdir(parents=True, exist_ok=True)
    with stopwatch.stage("training"):
        train(balanced, query, config, output)
    return TrainingRecord(mapped, balanced, None if result is None else result.table)


def _without_matrices(cells: AnnData) -> AnnData:
    """Return the cells without their counts, which would take memory during the training."""
    from anndata import AnnData

    return AnnData(obs=cells.obs, uns=dict(cells.uns))


def _balance_counts(mapped: AnnData, config: AnnotationSettings) -> AnnData:
    """Draw the training cells; with their counts as X too, where the trainer does not read the logarithms."""
    from anndata import AnnData

    from spatialcore.core.normalization import row_totals

    counts = mapped.layers.get(columns.COUNTS)
    if config.trainer != "logistic" or counts is None or not mapped.obs_names.is_unique:
        return balance(mapped, config)
    drawn = balance(_without_matrices(mapped), config, has_counts=row_totals(counts) > 0)
    counts = counts[mapped.obs_names.get_indexer(drawn.obs_names)]
    return AnnData(counts, drawn.obs, mapped.var, dict(mapped.uns), layers={columns.COUNTS: counts})


def combine(config: TrainingConfig, panel: Sequence[str], *, cache_dir: Path | None = None) -> AnnData:
    """Read the references, cut to the panel, into one labelled AnnData on one scale."""
    from spatialcore.annotation.references.combine import combine_references
    from spatialcore.annotation.references.tissue_check import foreign_references

    combined = combine_references(
        list(config.references),
        config.column_of_each(),
        max_cells_per_ref=config.max_cells_per_ref,
        target_genes=list(panel),
        random_state=config.random_state,
        min_cells_per_type=config.min_cells_per_type,
        filter_min_cells=False,  # types are counted when labels have become classes, see `balance`
        cache_dir=cache_dir,
        exclude_labels=config.exclude_labels,
        drop_uninformative_labels=config.drop_uninformative_labels,
        min_gene_overlap_pct=config.min_gene_overlap_pct,
        species=config.species,
        orthologs=config.orthologs,
        taxonomy_levels=config.taxonomy_levels,
    )
    warning = foreign_references(config.tissue, json.loads(combined.uns[columns.REFERENCES_MANIFEST]))
    if warning:
        log.warning(warning)
    return combined


def map_ontology(combined: AnnData, config: AnnotationSettings) -> tuple[AnnData, MappingResult | None]:
    """Map labels to Cell Ontology terms and set the class of each cell: the term's name, or else the label."""
    if not config.add_ontology:
        combined.obs[columns.UNIFIED_CELL_TYPE] = combined.obs[columns.ORIGINAL_LABEL].astype("category")
        return combined, None
    from spatialcore.annotation.ontology import add_ontology_ids

    combined, _, result = add_ontology_ids(
        combined,
        columns.ORIGINAL_LABEL,
        columns.ONTOLOGY_ID,
        skip_if_exists=True,
        name_col=columns.ONTOLOGY_LABEL,
        tissue=None if config.tissue == "unknown" else config.tissue,
        granularity=config.granularity,
    )
    uses_labels = config.class_names == "labels"
    combined.obs[columns.UNIFIED_CELL_TYPE] = (
        combined.obs[columns.ORIGINAL_LABEL].astype("category") if uses_labels else _name_or_label(combined.obs)
    )
    return combined, result


def balance(mapped: AnnData, config: AnnotationSettings, *, has_counts: NDArray[np.bool_] | None = None) -> AnnData:
    """Draw the training cells: capped per type, divided over the sources. Classes without counts are left out.

    A dry run calls this function without a matrix, to raise the same errors as a run; ``has_counts`` then states which
    cells have counts on the panel.
    """
    from spatialcore.annotation.balance.subsample import subsample_balanced
    from spatialcore.annotation.references.cells import require_two
    from spatialcore.annotation.training.classes import require_repeats

    balanced = subsample_balanced(
        _of_filled_classes(mapped, has_counts),
        columns.ORIGINAL_LABEL,
        max_cells_per_type=config.max_cells_per_type,
        min_cells_per_type=config.min_cells_per_type,
        source_balance=config.balance_strategy,
        group_by_column=columns.ONTOLOGY_ID if config.add_ontology and config.class_names == "ontology" else None,
        target_proportions=config.target_proportions,
        random_state=config.random_state,
    )
    sizes = balanced.obs[columns.UNIFIED_CELL_TYPE].astype(str).value_counts()
    require_two(list(sizes.index))
    require_repeats(sizes)
    return balanced


def _of_filled_classes(mapped: AnnData, has_counts: NDArray[np.bool_] | None) -> AnnData:
    import numpy as np

    from spatialcore.annotation.training.classes import filled_classes
    from spatialcore.core.matrix import open_matrix

    if has_counts is None:
        has_counts = open_matrix(mapped.X).row_sums(np.arange(mapped.n_obs), np.abs) > 0
    classes = mapped.obs[columns.UNIFIED_CELL_TYPE].cat.remove_unused_categories().cat
    filled = filled_classes(classes.codes.to_numpy(), list(map(str, classes.categories)), has_counts)
    return mapped if filled.all() else mapped[filled[classes.codes]]


def train(balanced: AnnData, query: AnnData | None, config: AnnotationSettings, output: Path) -> TrainingResult:
    """Train on the balanced cells, matched to the query's platform, and write the three files of the model."""
    from spatialcore.annotation.training.small_panel import few_genes_warning
    from spatialcore.annotation.training.train import train_celltypist_model

    trained = train_celltypist_model(
        balanced,
        label_column=columns.UNIFIED_CELL_TYPE,
        model_name=output.stem,
        output_path=output,
        trainer=config.trainer,
        query=query,
        tissue=config.tissue,
        random_state=config.random_state,
    )
    f1 = (trained["model"].metadata.get("heldout") or {}).get("f1") or {}
    warning = few_genes_warning(len(trained["genes"]), f1)
    if warning:
        log.warning(warning)
    return trained


def _name_or_label(obs: pd.DataFrame) -> pd.Series:
    import numpy as np
    import pandas as pd

    label = obs[columns.ORIGINAL_LABEL].astype(str)
    if columns.ONTOLOGY_LABEL not in obs:
        return label.astype("category")
    name = obs[columns.ONTOLOGY_LABEL].astype(object)
    mapped = name.notna() & ~name.isin(["", "unknown", "nan"])
    return pd.Series(np.where(mapped, name, label), index=obs.index).astype("category")
