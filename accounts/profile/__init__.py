"""Self-service for an account's owner: details, password, address, sessions and deletion."""
