"""The platform of a query: its estimate, and reference cells as it would measure them."""
