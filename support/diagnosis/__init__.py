"""Diagnosis of an account: facts, a decision table of findings, remedies and similar addresses."""
