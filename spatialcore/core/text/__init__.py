"""Text that users give or see: names that are safe in paths, Markdown, and the dialect of text tables."""
