"""One configuration: the YAML file, the CLI's options, the Prefect form, the cache key and the provenance record."""

from pathlib import Path
from typing import Annotated, Any, Final, Self, TypedDict

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from spatialcore.annotation.base_settings import Settings
from spatialcore.annotation.choices import (
    BalanceStrategy,
    ClassNames,
    ConfidenceMethod,
    Granularity,
    ResolutionSetting,
    Trainer,
)
from spatialcore.core.genes.species import SpeciesSetting
from spatialcore.core.text.names import SCHEMA, checked_name
from spatialcore.core.text.wording import number_of

UNKNOWN_TISSUE: Final = "unknown"  # the tissue of a run that names none
TissueName = Annotated[
    str, AfterValidator(lambda name: checked_name(name, "the name")), Field(json_schema_extra={**SCHEMA})
]
Proportion = Annotated[float, Field(gt=0, le=1)]


class AnnotationSettings(Settings):  # type: ignore[metaclass]  # mypy takes the metaclass of Settings for another
    """Settings of the model and its calls, independent of the data."""

    tissue: TissueName = Field(
        UNKNOWN_TISSUE,
        title="Tissue",
        description="Name of the model; also used to choose the terms of ambiguous labels",
    )
    species: SpeciesSetting = Field(
        "auto",
        title="Species",
        description="Species of the queries. auto: inferred from the gene names (GAD1: human, Gad1: mouse)",
    )
    orthologs: bool = Field(
        False,
        title="Orthologs",
        description="Accept references of the other species and map their genes to one-to-one orthologs",
    )
    class_names: ClassNames = Field(
        "ontology",
        title="Names of types",
        description="ontology: names of the Cell Ontology; labels: the labels of the references",
    )
    taxonomy_levels: list[str] = Field(
        default_factory=list,
        title="Taxonomy levels",
        description="Further label columns of the references, e.g. class and subclass, whose values calls also get",
    )
    balance_strategy: BalanceStrategy = Field(
        "proportional",
        title="Balance between references",
        description="How the training cells of a type are divided over the references. proportional: in proportion to "
        "their numbers of cells; equal: the same number from each",
    )
    max_cells_per_type: int = Field(
        5000, ge=1, title="Cells per type", description="Maximum number of training cells of a type"
    )
    min_cells_per_type: int = Field(
        10, ge=0, title="Minimum cells per type", description="Types with fewer reference cells are left out"
    )
    max_cells_per_ref: int = Field(
        100_000, ge=1, title="Cells per reference", description="Maximum number of cells that are read from a reference"
    )
    target_proportions: dict[str, Proportion] | str | None = Field(
        None,
        title="Target proportions",
        description="Share of cell types among the training cells, for sorted or enriched references; or a CSV file "
        "with the columns cell_type and proportion",
    )
    confidence_threshold: float = Field(
        0.8, ge=0, le=1, title="Confidence threshold", description="Calls with a lower confidence become Unassigned"
    )
    confidence_transform: ConfidenceMethod = Field(
        "calibrated",
        title="Confidence",
        description="calibrated: about 80 % of the calls with confidence 0.8 are right",
    )
    trainer: Trainer = Field(
        "logistic",
        title="Trainer",
        description="logistic: the model is matched to the platform of the queries; celltypist: training of CellTypist",
    )
    granularity: Granularity = Field(
        "panel", title="Label granularity", description="panel: subtypes that a panel cannot distinguish are merged"
    )
    resolution: ResolutionSetting = Field(
        "panel",
        title="Call resolution",
        description="class: a class of the model; auto: the finest Cell Ontology term that reaches the threshold; "
        "panel: auto if the model has fewer than 30 genes and confuses types, else class",
    )
    detect_unseen: bool = Field(
        True,
        title="Detect unseen types",
        description="Lower the confidence of clusters of cells that fit no class",
    )
    purify: bool = Field(
        False,
        title="Purify counts",
        description="Write the layer purified: counts without those that came from neighbours of another type",
    )
    min_gene_overlap_pct: float = Field(
        25.0,
        ge=0,
        le=100,
        title="Minimum gene overlap (%)",
        description="Minimum share of the smaller gene set that query and reference must have in common",
    )
    exclude_labels: list[str] | None = Field(
        None,
        title="Excluded labels",
        description="Labels to leave out, by exact text; by default, labels such as Unknown and Doublet",
    )
    drop_uninformative_labels: bool = Field(
        True,
        title="Drop uninformative labels",
        description="Leave out labels that name no cell type: nan as text, Doublets, Other, Mixed, cluster numbers",
    )
    add_ontology: bool = Field(
        True, title="Cell Ontology terms", description="Map the labels of all references to the Cell Ontology"
    )
    generate_plots: bool = Field(True, title="Plots and report", description="Draw the plots and write the report")
    random_state: int = Field(42, ge=0, title="Seed", description="The same seed and inputs give the same calls")

    @field_validator(
        "references", "label_columns", "exclude_labels", "taxonomy_levels", "queries", mode="before", check_fields=False
    )
    @classmethod
    def _refuse_bare_string(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError(f"expected a list, not the single string {value!r}: write [{value!r}]")
        if isinstance(value, list | tuple):
            if any(hasattr(item, "write_h5ad") for item in value):
                raise ValueError("expected paths or URIs, not AnnData: write each with adata.write_h5ad(path)")
            return [str(item) if isinstance(item, Path) else item for item in value]
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_bool_as_number(cls, value: Any, info: ValidationInfo) -> Any:
        expected = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and expected in (int, float):
            raise ValueError("expected a number, not true or false")
        return value

    @field_validator("target_proportions", mode="before")
    @classmethod
    def _path_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, Path) else value

    @field_validator("target_proportions")
    @classmethod
    def _at_most_all(cls, value: Any) -> Any:
        if isinstance(value, dict) and sum(value.values()) > 1 + 1e-6:
            raise ValueError(f"the shares sum to {sum(value.values()):.7g}, more than 1")
        return value


class FurtherSettings(TypedDict, total=False):
    """The settings of :class:`TrainingConfig` that ``train_and_annotate`` takes besides its named parameters."""

    min_cells_per_type: int
    confidence_transform: ConfidenceMethod
    trainer: Trainer
    granularity: Granularity
    resolution: ResolutionSetting
    min_gene_overlap_pct: float
    exclude_labels: list[str] | None
    random_state: int
    detect_unseen: bool
    purify: bool
    taxonomy_levels: list[str]
    species: SpeciesSetting
    class_names: ClassNames
    orthologs: bool
    drop_uninformative_labels: bool


class TrainingConfig(AnnotationSettings):
    """Settings to train a model on references for one panel, and to call cells with it."""

    references: list[str] = Field(default_factory=list, title="References", description="Paths or URIs, one per line")
    label_columns: list[str] = Field(
        ..., title="Label columns", description="The obs column with the cell type: one per reference, or one for all"
    )

    @model_validator(mode="after")
    def _lengths_agree(self) -> Self:
        columns, references = len(self.label_columns), len(self.references)
        if columns != 1 and columns != references:
            raise ValueError(
                f"label_columns has {number_of(columns, 'entry', 'entries')} for {number_of(references, 'reference')}: "
                "give one for each, or one for all"
            )
        return self

    def column_of_each(self) -> list[str]:
        """Return one label column per reference."""
        return self.label_columns * len(self.references) if len(self.label_columns) == 1 else list(self.label_columns)
