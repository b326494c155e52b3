"""Events for the product: what became of an account, told by Standard Webhooks (docs/events.md)."""
