"""Held-out reference cells: folds, scores, and the calibration that is fitted on them."""
