"""Matrices, gene names, normalization, files and logging: used by all other packages of the library."""
