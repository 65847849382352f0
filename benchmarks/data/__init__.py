"""Pairs of reference and query, and simulated sections, shared by several benchmarks."""
