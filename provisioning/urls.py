"""URLs of the waiting room, the home page and the health endpoints."""

from django.urls import path

from provisioning import health
from provisioning.waiting_room import change_views, views

urlpatterns = [
    path("arriving/", views.arriving, name="arriving"),
    path("arriving/address/", change_views.address, name="address"),
    path("arriving/needed/", change_views.needed, name="needed"),
    path("arriving/delete/", change_views.delete, name="delete"),
    path("arriving/deleted/", change_views.deleted, name="deleted"),
    path("account/address/", change_views.own_address, name="own_address"),
    path("home/", views.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("repairz", health.repairz, name="repairz"),
    path("metrics", health.metrics, name="metrics"),
]
