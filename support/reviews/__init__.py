"""Post-mortem reviews of outages and months: impact, charts, and questions to the owner."""
