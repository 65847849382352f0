"""Parts of the results server."""
