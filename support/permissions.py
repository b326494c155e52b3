"""Authorisation of the desk's pages: the permissions each asks for. A page that is not named here opens to nobody.

Pages of a model are Django's own: their permission is the model's, and names no page of this table.
"""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

PEOPLE = ("accounts.view_account", "support.view_ticket")
WORDS = ("accounts.view_account", "support.view_trustrepair")
WHY = ("provisioning.view_outage", "support.view_question")
STAFF = ("support.manage_staff",)
PAGES: dict[str, tuple[str, ...]] = {
    "index": PEOPLE,
    "press": (),  # each act has its own: actions/authorization.py
    "words": WORDS,
    "send_word": (*WORDS, "support.change_trustrepair"),
    "send_words": (*WORDS, "support.change_trustrepair"),
    "take_word_back": (*WORDS, "support.change_trustrepair"),
    "take_words_back": (*WORDS, "support.change_trustrepair"),
    "mail": ("support.view_ticket",),
    "attachment": ("support.view_ticket",),
    "insert_saved": ("support.reply", "support.view_savedreply"),
    "step_away": ("support.add_away",),
    "come_back": (*PEOPLE, "support.add_away"),
    "introduce_desk": ("support.change_desk",),
    "staff": STAFF,
    "staff_act": STAFF,  # and whom it may be about: staff/members.py
    "why": WHY,
    "why_outage": WHY,
    "why_month": WHY,
    "why_answer": (*WHY, "support.change_question"),
    # Holds nobody's words: the names of the lists that they may open, and their own password and codes.
    "records": (),
    "app_list": (),
    "recovery_codes": (),
    "logout": (),
    "password_change": (),
    "password_change_done": (),
    "jsi18n": (),
    "autocomplete": (),
}
MODEL_PAGES = ("changelist", "add", "history", "delete", "change")


def check(request) -> None:
    """Raise PermissionDenied, with a sentence, if the user may not open this page."""
    name = request.resolver_match.url_name
    if name is None or name in model_pages():  # a redirect to another address of the desk; Django asks by itself
        return
    if name not in PAGES or not request.user.has_perms(PAGES[name]):
        raise PermissionDenied(_("You can't open this page. Whoever runs the platform can give you access."))


def model_pages() -> set[str]:
    """URL names of the pages of models, which Django authorises by itself."""
    models = [model._meta for model in admin.site._registry]
    return {f"{meta.app_label}_{meta.model_name}_{page}" for meta in models for page in MODEL_PAGES}
