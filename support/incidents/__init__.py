"""Incidents: detection, the people affected, notices to them, and recovery in bulk."""
