"""The product's own name, colour and logo: tags for templates, and the two files that pages fetch for them.

`{% product_name %}`, or `{% product_name as product %}` inside a text; `{% product_icon %}`, `{% product_style %}`.
"""

from hashlib import sha256
from pathlib import Path

from django import template
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.text import colors

register = template.Library()

KINDS = {".svg": "image/svg+xml", ".png": "image/png"}
LIGHT = ":root{--brand:%s;--deep:%s;--on-brand:#fff;--tint:%s}"
DARK = "@media (prefers-color-scheme:dark){:root{--brand:%s;--deep:%s;--on-brand:%s;--tint:%s}}"
LOGO = ".brand::before{background-image:url(%s)}"
kept = cache_control(public=True, max_age=365 * 86400, immutable=True)  # the address has their content in it


@register.simple_tag
def product_name() -> str:
    """Return PRODUCT_NAME."""
    return settings.PRODUCT_NAME


@register.simple_tag
def product_icon() -> SafeString:
    """Return the link to the icon of a page: PRODUCT_LOGO, or ours."""
    place = reverse("brand_logo") + version() if settings.PRODUCT_LOGO else static("icon.svg")
    return format_html('<link rel="icon" href="{}">', place)


@register.simple_tag
def product_style() -> SafeString | str:
    """Return the link to the style sheet of PRODUCT_COLOR and PRODUCT_LOGO, where one is named."""
    if not rules():
        return ""
    return format_html('<link rel="stylesheet" href="{}">', reverse("brand_style") + version())


def rules() -> str:
    """Return the style sheet that lays the product's colour and logo over ours."""
    return _colors(settings.PRODUCT_COLOR) + (LOGO % "logo" if settings.PRODUCT_LOGO else "")


def _colors(brand: str) -> str:
    """Return the colours of both schemes: in the dark the same one, so light that it can be read there."""
    if not brand:
        return ""
    dark = colors.readable_on(brand, colors.DARK_PAPER)
    return LIGHT % (brand, colors.mixed(brand, "#000000", 0.25), colors.mixed(brand, "#ffffff", 0.88)) + DARK % (
        dark,
        colors.mixed(dark, "#ffffff", 0.3),
        colors.DARK_PAPER,
        colors.mixed(brand, colors.DARK_PAPER, 0.75),
    )


def version() -> str:
    """Return the query that makes the address of another content another one."""
    logo = settings.PRODUCT_LOGO and Path(settings.PRODUCT_LOGO).read_bytes()
    return "?v=" + sha256(rules().encode() + (logo or b"")).hexdigest()[:12]


@kept
@require_safe
def style(_request: HttpRequest) -> HttpResponse:
    """The style sheet of PRODUCT_COLOR and PRODUCT_LOGO."""
    if not rules():
        raise Http404
    return HttpResponse(rules(), content_type="text/css; charset=utf-8")


@kept
@require_safe
def logo(_request: HttpRequest) -> HttpResponse:
    """The file of PRODUCT_LOGO."""
    if not settings.PRODUCT_LOGO:
        raise Http404
    place = Path(settings.PRODUCT_LOGO)
    return HttpResponse(place.read_bytes(), content_type=KINDS[place.suffix.lower()])
