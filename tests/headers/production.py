"""Run in a process of its own, with the environment of a production site: prints as JSON what visitors get."""

import json

import django
from django.conf import settings
from django.core.management import call_command
from django.test import Client

PATHS = ("/", "/signup/", "/login/", "/contact/", "/arriving/", "/confirm/token/", "/no/such/page/", "/robots.txt")


WHO = {"name": "Dana", "email": "dana@acme.example", "phone": "030", "company": "Acme", "password": "a few words"}


def visit(path: str) -> dict:
    return _seen(visitor().get(path, secure=True))


def _seen(answer) -> dict:
    cookies = [cookie.OutputString() for cookie in answer.cookies.values()]
    body = b"".join(answer) if answer.streaming else answer.content
    return {"status": answer.status_code, "headers": dict(answer.headers), "cookies": cookies, "body": body.decode()}


def visitor() -> Client:
    return Client(headers={"host": settings.SITE_HOST})


def main() -> None:
    django.setup()
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("migrate", interactive=False, verbosity=0)
    pages = {path: visit(path) for path in PATHS}
    pages["a sign-up"] = _seen(visitor().post("/signup/", WHO, secure=True))
    style = pages["/"]["body"].split('rel="stylesheet" href="')[1].split('"')[0]
    plain = visitor().get("/login/")
    found = {
        "pages": pages,
        "style": visit(style) | {"path": style},
        "unhashed": visit("/static/arrivals.css"),
        "favicon": visitor().get("/favicon.ico", secure=True).status_code,
        "http": [plain.status_code, plain.headers.get("Location")],
        "session": [settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_PATH],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
