"""Compatibility import of StepFailed, by which a platform's own steps have always known it: see exceptions.py."""

from provisioning.exceptions import StepFailed

__all__ = ["StepFailed"]
