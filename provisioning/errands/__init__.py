"""Errands: calls owed to somebody else's service about one account, by its id alone, also when it is deleted."""
