"""Subtypes that a panel of a few hundred genes cannot tell apart, and what they are called instead."""

# from -> to: live terms, the second an ancestor of the first. CL has "brush cell" as a synonym of tuft cell.
PANEL_TERMS = {
    "CL:0000990": "CL:0000451",  # conventional dendritic cell, no subtype given -> dendritic cell
    "CL:0019032": "CL:0002204",  # intestinal tuft cell -> tuft cell
}


def coarsen(term: str) -> str:
    """Return the term to train on in place of one that panels cannot resolve; most terms are their own.

    Examples
    --------
    >>> coarsen("CL:0000990")
    'CL:0000451'
    """
    return PANEL_TERMS.get(term, term)
