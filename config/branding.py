"""The product's own name, for templates: `{% product_name %}`, or `{% product_name as product %}` inside a text."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def product_name() -> str:
    """Return PRODUCT_NAME."""
    return settings.PRODUCT_NAME
