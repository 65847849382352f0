"""The table of faults in docs/reliability.md: made of what the tests saw, and compared with it."""

import os
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


@dataclass
class FaultTable:
    """The rows that the tests of one file give: fault, during which operation, with which outcome."""

    name: str
    rows: dict[tuple[str, str], str] = field(default_factory=dict)

    def tell(self, fault: str, operation: str, outcome: str) -> None:
        self.rows[fault, operation] = outcome

    def compare(self, *, complete: bool) -> None:
        """Hold the rows against the page; all of the page's only if the whole file was run, nothing skipped."""
        rows = [f"| {fault} | {operation} | {outcome} |" for (fault, operation), outcome in sorted(self.rows.items())]
        begin, end = f"<!-- faults of {self.name}: begin -->\n", f"<!-- faults of {self.name}: end -->"
        before, _, rest = DOCS.read_text().partition(begin)
        told, _, after = rest.partition(end)
        if os.environ.get("SPATIALCORE_WRITE_DOCS"):
            told = "\n".join(["| fault | during | outcome |", "|---|---|---|", *rows, ""])
            DOCS.write_text(before + begin + told + end + after)
        assert [row for row in rows if row not in told] == []
        if complete:
            assert told.count("\n| ") == len(rows)
