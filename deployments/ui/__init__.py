"""Additions to the Prefect UI."""
