"""Management commands of the edges to the product."""
