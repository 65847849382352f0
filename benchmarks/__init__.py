"""Benchmarks of accuracy and calibration; ``cost`` has those of CPU time and memory. Results: docs/benchmarks."""
