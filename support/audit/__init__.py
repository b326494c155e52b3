"""Audit: is everybody and everything accounted for, with the count of each and the rows that are not."""
