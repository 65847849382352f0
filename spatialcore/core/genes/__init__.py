"""Gene symbols, Ensembl ids, the shipped gene tables, and sums of features of one gene."""
