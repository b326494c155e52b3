"""Root URL configuration and error handlers."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("provisioning.urls")),
    path("", include("product.urls")),
    path("", include("support.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "config.middleware.refusals.bad_request"
handler500 = "config.middleware.refusals.server_error"
