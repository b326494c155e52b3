"""Digests: e-mails of the day to the agent, the owner and the backup, their activity and workload."""
