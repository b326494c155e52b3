"""Root URL configuration and error handlers."""

from django.contrib import admin
from django.urls import include, path

from config import branding

urlpatterns = [
    path("brand/style.css", branding.style, name="brand_style"),
    path("brand/logo", branding.logo, name="brand_logo"),
    path("", include("accounts.urls")),
    path("", include("provisioning.urls")),
    path("", include("product.urls")),
    path("", include("support.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "config.middleware.refusals.bad_request"
handler500 = "config.middleware.refusals.server_error"
