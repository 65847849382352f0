"""Benchmarks of CPU seconds and memory."""
