"""URL routes of sign-up, login, password reset and the self-service pages."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("", views.landing, name="landing"),
    path("signup/", views.signup, name="signup"),
    path("login/", views.login_, name="login"),
    path("logout/", views.logout_, name="logout"),
    path("confirm/<token>/", views.confirm, name="confirm"),
    path("password/reset/", views.password_reset, name="password_reset"),
    path("password/reset/taken/", views.password_reset_taken, name="password_reset_taken"),
    path("password/choose/<token>/", views.choose_password, name="choose_password"),
    path("resend/", views.resend, name="resend"),
    path("resend/taken/", views.resend_taken, name="resend_taken"),
    path("account/", views.own, name="own"),
    path("account/password/", views.own_password, name="own_password"),
    path("account/export/", views.own_export, name="own_export"),
    path("account/sessions/", views.own_sessions, name="own_sessions"),
]
