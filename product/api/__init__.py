"""Reading API for the product's machines: what the waiting room shows of an account, as JSON (docs/events.md)."""
