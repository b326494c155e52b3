"""Benchmarks of Arrivals, beside its peers: `python -m bench`."""
