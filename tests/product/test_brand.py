"""PRODUCT_COLOR and PRODUCT_LOGO: readable in both schemes, in files of our own, refused where nobody could read."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from accounts.text import colors
from tests.config.test_settings import started_with

pytestmark = pytest.mark.django_db
DRAWN = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
PAPERS = {"light": "#faf9f5", "dark": "#1c2327"}


@pytest.fixture
def drawn(tmp_path, settings):
    place = tmp_path / "logo.SVG"
    place.write_bytes(DRAWN)
    settings.PRODUCT_LOGO, settings.PRODUCT_COLOR = str(place), "#7a1fa2"
    return place


def test_without_them_a_page_fetches_nothing_more(client):
    page = client.get("/").content.decode()
    assert "/brand/" not in page and 'rel="icon" href="/static/icon' in page
    assert client.get(reverse("brand_style")).status_code == client.get(reverse("brand_logo")).status_code == 404


def test_a_page_fetches_them_from_ourselves(client, drawn):
    page = client.get("/").content.decode()
    [icon] = re.findall(r'rel="icon" href="(/brand/logo\?v=\w+)"', page)
    [style] = re.findall(r'rel="stylesheet" href="(/brand/style.css\?v=\w+)"', page)
    assert page.index("arrivals") < page.index(style)
    told = client.get(style)
    assert told["Content-Type"].startswith("text/css") and "immutable" in told["Cache-Control"]
    assert "--brand:#7a1fa2" in told.content.decode() and "url(logo)" in told.content.decode()
    shown = client.get(icon)
    assert (shown.content, shown["Content-Type"]) == (DRAWN, "image/svg+xml")
    assert "default-src 'none'" in shown["Content-Security-Policy"], "a script in it is not run"
    drawn.write_bytes(DRAWN + b" ")
    assert icon not in client.get("/").content.decode(), "another picture has another address"


@pytest.mark.parametrize("color", ["#000000", "#1d5e59", "#7a1fa2", "#c2185b", "#0000ff", "#6f6f6f"])
def test_it_can_be_read_in_both_schemes(client, settings, color):
    settings.PRODUCT_COLOR = color
    light, dark = client.get(reverse("brand_style")).content.decode().split("@media")
    [brand] = re.findall(r"--brand:(#\w{6})", light)
    [brand_in_the_dark] = re.findall(r"--brand:(#\w{6})", dark)
    assert colors.contrast(brand, PAPERS["light"]) >= 4.5
    assert colors.contrast(brand_in_the_dark, PAPERS["dark"]) >= 4.5


def test_contrast_is_what_wcag_says():
    assert round(colors.contrast("#000000", "#ffffff"), 2) == 21
    assert round(colors.contrast("#777777", "#ffffff"), 2) == 4.48


REFUSED = [
    ("PRODUCT_COLOR", "teal", "like #1d5e59"),
    ("PRODUCT_COLOR", "#1d5", "like #1d5e59"),
    ("PRODUCT_COLOR", "#ffdd00", "too light"),
    ("PRODUCT_COLOR", "#777777", "too light"),
    ("PRODUCT_LOGO", "logo.jpg", ".svg or .png"),
    ("PRODUCT_LOGO", "/nowhere/logo.svg", "that we may read"),
]


@pytest.mark.parametrize(("name", "value", "words"), REFUSED)
def test_what_nobody_could_read_is_refused(tmp_path, name, value, words):
    with pytest.raises(ImproperlyConfigured, match=words) as refused, started_with(tmp_path, **{name: value}):
        pass
    assert str(refused.value).startswith(f"{name} ")
