"""One self-contained page that tells the story of a run."""

from spatialcore.report.page import write_report

__all__ = ["write_report"]
