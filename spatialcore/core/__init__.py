"""Genes, normalization, provenance and logging: what every other room stands on."""
