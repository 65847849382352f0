"""The fit of the logistic regression."""
