"""The import path by which a platform's own steps have always known StepFailed; it lives in exceptions.py."""

from provisioning.exceptions import StepFailed

__all__ = ["StepFailed"]
