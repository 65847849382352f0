"""The state of a data set or of a model: plain values, and the rows that people read."""

from dataclasses import asdict, dataclass, field
from typing import Any

from spatialcore.core.normalization import X_STATE_TEXTS, XState

Overlap = dict[str, Any]


@dataclass(frozen=True)
class DataState:
    """The state of one data set, in plain values; see :meth:`rows`."""

    path: str
    format: str
    platform: str
    cells: int
    features: int
    genes: int
    named_by: str
    x: XState
    raw_counts: str
    median_counts_per_cell: float | None
    coordinates: str
    annotated: bool
    query: str
    reference: str
    label_columns: dict[str, int] = field(default_factory=dict)
    matches: dict[str, Overlap] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether it can serve as a query or as a reference."""
        return "yes" in {self.query, self.reference}

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self) | {"usable": self.usable}

    def rows(self) -> list[tuple[str, str]]:
        """Return what is shown to people, a name and a text each."""
        platform = f", {self.platform}" if self.platform else ""
        depth = "" if self.median_counts_per_cell is None else f", median {self.median_counts_per_cell:,.0f} a cell"
        columns = ", ".join(f"{name} ({n} types)" for name, n in self.label_columns.items()) or "none"
        return [
            ("format", f"{self.format}{platform}"),
            ("cells", f"{self.cells:,}"),
            (
                "features",
                f"{self.features:,}: {self.genes:,} genes by {self.named_by}, {self.features - self.genes:,} others",
            ),
            ("X", X_STATE_TEXTS[self.x]),
            ("raw counts", f"{self.raw_counts or 'none found'}{depth}"),
            ("coordinates", self.coordinates),
            ("label columns", columns),
            *_match_rows("genes of", self.matches),
            ("annotated here", "yes" if self.annotated else "no"),
            ("as a query", self.query),
            ("as a reference", self.reference),
        ]


@dataclass(frozen=True)
class ModelState:
    """The state of one model, in plain values."""

    path: str
    classes: list[str]
    genes: int
    target_sum: float
    calibrated: bool
    sha256: str
    matches: dict[str, Overlap] = field(default_factory=dict)
    usable: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Return what is shown to people, a name and a text each."""
        return [
            ("model", self.path),
            ("classes", f"{len(self.classes)}: {', '.join(self.classes)}"),
            ("genes", f"{self.genes:,}"),
            ("input", f"log1p of {self.target_sum:,.0f} per cell"),
            ("confidence", "calibrated" if self.calibrated else "not calibrated: z-scores"),
            *_match_rows("its genes in", self.matches),
            ("sha256", self.sha256),
        ]


def overlap(shared: int, wanted: int) -> Overlap:
    """Return how many of the wanted genes are there, and their share in percent."""
    return {"shared": shared, "wanted": wanted, "pct": 100 * shared / max(1, wanted)}


def _match_rows(words: str, matches: dict[str, Overlap]) -> list[tuple[str, str]]:
    return [
        (f"{words} {name}", f"{found['shared']} of {found['wanted']} ({found['pct']:.0f} %)")
        for name, found in matches.items()
    ]
