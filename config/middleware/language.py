"""Locale middleware: the visitor's language, chosen by a link or by their browser; the desk speaks English."""

from django.conf import settings
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

OURS = dict(settings.LANGUAGES)


class Language(LocaleMiddleware):
    """Django's locale middleware with ?language=… remembered in a cookie."""

    def process_request(self, request):
        super().process_request(request)
        chosen = "en" if request.path_info.startswith("/admin/") else request.GET.get("language")
        if chosen in OURS:
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen

    def process_response(self, request, response):
        response = super().process_response(request, response)
        chosen = request.GET.get("language")
        return remember(response, chosen) if chosen in OURS else response


def remember(response, language: str):
    """Set the language cookie and return the response."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.ON_HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response
