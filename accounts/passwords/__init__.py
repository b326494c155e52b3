"""Checking of passwords against hashes of any sort that Django knows, each at the same cost."""
