"""The tables of faults in docs/reliability.md, generated from the outcomes of the tests and compared with them."""

import os
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


@dataclass
class FaultTable:
    """The rows of one test file: fault, operation and outcome."""

    name: str
    rows: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, fault: str, operation: str, outcome: str) -> None:
        self.rows[fault, operation] = outcome

    def compare(self, *, complete: bool) -> None:
        """Compare the rows with the page; compare their number only if no test was skipped."""
        rows = [f"| {fault} | {operation} | {outcome} |" for (fault, operation), outcome in sorted(self.rows.items())]
        begin, end = f"<!-- faults of {self.name}: begin -->\n", f"<!-- faults of {self.name}: end -->"
        before, _, rest = DOCS.read_text().partition(begin)
        table, _, after = rest.partition(end)
        if os.environ.get("SPATIALCORE_WRITE_DOCS"):
            table = "\n".join(["| fault | during | outcome |", "|---|---|---|", *rows, ""])
            DOCS.write_text(before + begin + table + end + after)
        assert [row for row in rows if row not in table] == []
        if complete:
            assert table.count("\n| ") == len(rows)
