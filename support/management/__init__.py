"""Management commands of the support room."""
