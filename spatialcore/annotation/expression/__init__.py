"""Where the expression of a query or a reference is, and whether a model can read it."""
