"""The HTML report of a run: one self-contained page."""

from spatialcore.report.page import write_report

__all__ = ["write_report"]
