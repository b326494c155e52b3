"""The site as it is where a WEBHOOK_SECRET is named: mail comes in."""

from django.urls import include, path

from config import urls

handler400 = urls.handler400
urlpatterns = [path("anymail/", include("anymail.urls")), *urls.urlpatterns]
