"""URLs that the product behind Arrivals calls, or sends people to."""

from django.urls import URLPattern, URLResolver, path

from product.api import views as api
from product.oidc import logout, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/accounts/<str:account_id>", api.account, name="api_account"),
    path(".well-known/openid-configuration", views.discovery, name="oidc_discovery"),
    path("oidc/keys/", views.key_set, name="oidc_keys"),
    path("oidc/authorize/", views.Authorize.as_view(), name="oidc_authorize"),
    path("oidc/token/", views.token, name="oidc_token"),
    path("oidc/userinfo/", views.userinfo, name="oidc_userinfo"),
    path("oidc/logout/", logout.logout, name="oidc_logout"),
]
