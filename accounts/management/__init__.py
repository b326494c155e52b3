"""Management commands of the account room."""
