"""The order of the stages, and the settings that each one depends on: a change of any other does not run it again."""

from typing import Final

TRAINING_ORDER: Final = ("combine", "map_ontology", "balance", "train")
ANNOTATION_ORDER: Final = ("annotate", "keep_confident", "plot")

SETTINGS: Final[dict[str, tuple[str, ...]]] = {
    "combine": (
        "label_columns",
        "max_cells_per_ref",
        "min_cells_per_type",
        "min_gene_overlap_pct",
        "exclude_labels",
        "drop_uninformative_labels",
        "species",
        "orthologs",
        "taxonomy_levels",
        "random_state",
    ),
    "map_ontology": ("add_ontology", "class_names", "granularity", "tissue"),
    "balance": (
        "balance_strategy",
        "class_names",
        "max_cells_per_type",
        "min_cells_per_type",
        "target_proportions",
        "random_state",
    ),
    "train": ("trainer", "tissue", "random_state"),
    "annotate": ("confidence_transform", "detect_unseen", "min_gene_overlap_pct", "purify", "resolution"),
    "keep_confident": ("confidence_threshold", "resolution"),
    "plot": ("confidence_threshold", "generate_plots"),
}
