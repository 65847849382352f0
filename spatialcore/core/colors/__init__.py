"""Distinct colours, and the difference between colours as it is seen."""
