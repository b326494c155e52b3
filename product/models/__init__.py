"""Models of the product room."""

from product.models.oidc import Client, SigningKey, SpentCode

__all__ = ["Client", "SigningKey", "SpentCode"]
