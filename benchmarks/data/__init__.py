"""Pairs of reference and query, and simulated sections, that several benchmarks use."""
