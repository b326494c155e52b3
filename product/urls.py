"""URLs that the product behind Arrivals calls, or sends people to."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
