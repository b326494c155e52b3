"""Views of sign-up, login, password reset, e-mail links and self-service, a file a journey."""

from accounts.views.confirm import confirm
from accounts.views.login import login_, logout_
from accounts.views.own import own, own_export, own_password, own_sessions
from accounts.views.password import choose_password, password_reset, password_reset_taken, resend, resend_taken
from accounts.views.signup import landing, signup

__all__ = [
    "choose_password",
    "confirm",
    "landing",
    "login_",
    "logout_",
    "own",
    "own_export",
    "own_password",
    "own_sessions",
    "password_reset",
    "password_reset_taken",
    "resend",
    "resend_taken",
    "signup",
]
