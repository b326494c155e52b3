from django.urls import path

from provisioning import changes, health, views

urlpatterns = [
    path("arriving/", views.arriving, name="arriving"),
    path("arriving/address/", changes.address, name="address"),
    path("arriving/needed/", changes.needed, name="needed"),
    path("arriving/delete/", changes.delete, name="delete"),
    path("arriving/deleted/", changes.deleted, name="deleted"),
    path("account/address/", changes.own_address, name="own_address"),
    path("home/", views.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("repairz", health.repairz, name="repairz"),
    path("metrics", health.metrics, name="metrics"),
]
