"""The allowed values of settings, each defined once."""

from typing import Final, Literal, get_args

BalanceStrategy = Literal["proportional", "equal"]
"""How the cells of a type are divided over the references: by their size, or equally."""

ConfidenceMethod = Literal["calibrated", "zscore", "softmax", "minmax", "raw"]
"""How decision scores become a confidence."""

Trainer = Literal["logistic", "celltypist"]
"""Which trainer fits the model."""

Granularity = Literal["panel", "full"]
"""Whether subtypes that panels cannot separate are merged in the reference labels."""

ClassNames = Literal["ontology", "labels"]
"""Whether classes are called by Cell Ontology names or by the labels of the references."""

ResolutionMode = Literal["class", "auto"]
"""Whether calls are classes of the model, or Cell Ontology ancestors where the classes cannot be separated."""

ResolutionSetting = Literal["panel", "class", "auto"]
"""The resolution of a run: as in `ResolutionMode`, or "panel", which decides by the genes of the model."""

BALANCE_STRATEGIES: Final[tuple[BalanceStrategy, ...]] = get_args(BalanceStrategy)
CONFIDENCE_METHODS: Final[tuple[ConfidenceMethod, ...]] = get_args(ConfidenceMethod)
TRAINERS: Final[tuple[Trainer, ...]] = get_args(Trainer)
GRANULARITIES: Final[tuple[Granularity, ...]] = get_args(Granularity)
RESOLUTION_MODES: Final[tuple[ResolutionMode, ...]] = get_args(ResolutionMode)
