from django.urls import path

from accounts import views

urlpatterns = [
    path("", views.landing, name="landing"),
    path("signup/", views.signup, name="signup"),
    path("login/", views.login_, name="login"),
    path("logout/", views.logout_, name="logout"),
    path("confirm/<token>/", views.confirm, name="confirm"),
]
