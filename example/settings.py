"""Settings of the example product."""

import os

PORT = int(os.environ.get("EXAMPLE_PORT", "9000"))
URL = f"http://127.0.0.1:{PORT}"
ARRIVALS_URL = os.environ.get("ARRIVALS_URL", "http://localhost:8000")
CLIENT_ID, CLIENT_SECRET = "example", os.environ["EXAMPLE_SECRET"]
EVENTS_SECRET = os.environ.get("EVENTS_SECRET", "")

SECRET_KEY = os.environ["EXAMPLE_SECRET"]
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "example.app"
SESSION_COOKIE_NAME = "example"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["EXAMPLE_DATABASE"]}}
INSTALLED_APPS = ["example", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
