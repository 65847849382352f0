"""Groups of unassigned cells with similar expression, and the types that they may be."""
