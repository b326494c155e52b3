"""Management commands of the product room."""
