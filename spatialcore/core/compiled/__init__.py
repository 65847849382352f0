"""Loops in C, compiled when the package is built, and the libraries that they are in."""
