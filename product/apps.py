"""Django's app configuration of the edges to the product."""

from django.apps import AppConfig


class ProductConfig(AppConfig):
    """The product room, named "Product" in the admin."""

    name = "product"
    verbose_name = "Product"
