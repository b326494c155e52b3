from django.urls import path

from provisioning import health, views

urlpatterns = [
    path("arriving/", views.arriving, name="arriving"),
    path("home/", views.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
