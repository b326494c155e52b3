"""Acme's pages, before those of Arrivals."""

from config.urls import *  # noqa: F403
from config.urls import urlpatterns
from django.urls import path

from acme import views

urlpatterns = [path("hello/", views.hello, name="hello"), *urlpatterns]
