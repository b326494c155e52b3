"""The product room: the edges to the product behind Arrivals (OpenID Connect, webhooks, the reading API)."""
