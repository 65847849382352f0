"""Why a cell has its call: what each gene adds to the score of the call."""
