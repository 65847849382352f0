"""Gene names: symbols, Ensembl ids, the shipped tables, and sums of features of one gene."""
