"""Cells that the model could not name: which of them are alike, and what they may be."""
