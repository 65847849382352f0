"""Text that users give or see: names that are safe in paths, and Markdown."""
