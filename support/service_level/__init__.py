"""Service level: reply promises, their estimate, the agent's availability, and unattended hours."""
