"""Formats of input, and the error for files and folders of none."""
