"""URLs that the product behind Arrivals calls, or sends people to."""

from django.urls import URLPattern, URLResolver, path

from product.api import views as api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/accounts/<str:account_id>", api.account, name="api_account"),
]
