"""The description of a dataset or a model: plain values, and rows to display."""

from dataclasses import asdict, dataclass, field
from typing import TypedDict

from spatialcore.core.normalization import X_STATE_TEXTS, XState
from spatialcore.core.types import JsonObject


class Overlap(TypedDict):
    """Number of genes in both sets and in the smaller set, and the share in percent."""

    shared: int
    wanted: int
    pct: float


@dataclass(frozen=True)
class DataState:
    """Description of one dataset in plain values; see :meth:`rows`."""

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
        """Whether it can be used as a query or as a reference."""
        return "yes" in {self.query, self.reference}

    def as_dict(self) -> JsonObject:
        """Return plain values, ready for JSON."""
        return asdict(self) | {"usable": self.usable}

    def rows(self) -> list[tuple[str, str]]:
        """Return the rows to display, each a name and a text."""
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
    """Description of one model in plain values."""

    path: str
    classes: list[str]
    genes: int
    target_sum: float
    calibrated: bool
    sha256: str
    matches: dict[str, Overlap] = field(default_factory=dict)
    usable: bool = True

    def as_dict(self) -> JsonObject:
        """Return plain values, ready for JSON."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Return the rows to display, each a name and a text."""
        return [
            ("model", self.path),
            ("classes", f"{len(self.classes)}: {', '.join(self.classes)}"),
            ("genes", f"{self.genes:,}"),
            ("input", f"log1p of {self.target_sum:,.0f} per cell"),
            ("confidence", "calibrated" if self.calibrated else "not calibrated: z-scores"),
            *_match_rows("its genes in", self.matches),
            ("sha256", self.sha256),
        ]


def overlap(shared: int, total: int) -> Overlap:
    """Return the number of shared genes and their share in percent."""
    return {"shared": shared, "wanted": total, "pct": 100 * shared / max(1, total)}


def _match_rows(prefix: str, matches: dict[str, Overlap]) -> list[tuple[str, str]]:
    return [
        (f"{prefix} {name}", f"{match['shared']} of {match['wanted']} ({match['pct']:.0f} %)")
        for name, match in matches.items()
    ]
