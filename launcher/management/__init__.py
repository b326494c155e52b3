"""Management commands that run programs."""
