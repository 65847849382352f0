"""AnnData on disk, h5ad and zarr, read piece by piece."""
