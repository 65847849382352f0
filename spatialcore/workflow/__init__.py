"""A whole run: inspect the data, check the settings, train, annotate, write the results."""
