"""Benchmarks of accuracy, calibration, speed and memory; docs/benchmarks.md has the results."""
