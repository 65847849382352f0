"""Pixels of figures: texts and PNG files."""
