"""Whatever a platform is called, letters go out under that name: asked of a real mail server."""

from email.utils import parseaddr

import pytest
from django.core.mail import EmailMessage, get_connection

from config.mailboxes import mailbox
from stage import MailServer
from support.tickets.outbox import sender

NAMES = [
    ("Acme <hello@acme.example>", "Acme"),
    ("Acme, Inc. <hello@acme.example>", "Acme, Inc."),
    ('"Acme, Inc." <hello@acme.example>', "Acme, Inc."),
    ("Acme: the shop <hello@acme.example>", "Acme: the shop"),
    ("Acme @ Home <hello@acme.example>", "Acme @ Home"),
    ("Acme @ Home, Inc.: the <shop> <hello@acme.example>", "Acme @ Home, Inc.: the <shop>"),
    ("Acme <3 you <hello@acme.example>", "Acme <3 you"),
    ("'Acme, Inc.' <hello@acme.example>", "'Acme, Inc.'"),
    ("Äcme, Öl & Söhne: @ Zürich <hello@acme.example>", "Äcme, Öl & Söhne: @ Zürich"),
    ('Ä "ö", Inc. <hello@acme.example>', 'Ä "ö", Inc.'),
    ("Acme; Co (Ltd) [x] <hello@acme.example>", "Acme; Co (Ltd) [x]"),
    ('Acme "the best" <hello@acme.example>', 'Acme "the best"'),
    ("Acme \\ Co <hello@acme.example>", "Acme \\ Co"),
    ("Grüße, Müller & Söhne <hello@acme.example>", "Grüße, Müller & Söhne"),
    ("Zoë <hello@acme.example>", "Zoë"),
    ("=?utf-8?q?A?= <hello@acme.example>", "A"),
    ("<hello@acme.example>", ""),
    ("hello@acme.example", ""),
    ("hello@müller.example", ""),
    ("Straße <hello@straße.example>", "Straße"),
    ("Acme <hello@[127.0.0.1]>", "Acme"),
    ("Acme <hello@[IPv6:::1]>", "Acme"),
    ("Acme <hello@localhost>", "Acme"),
]


@pytest.fixture(scope="module")
def post():
    with MailServer() as server:
        yield server


def test_a_host_is_written_as_idna_2008_has_it():
    assert mailbox("Acme <hello@straße.example>") == "Acme <hello@xn--strae-oqa.example>"


@pytest.mark.parametrize(("written", "shown"), NAMES)
def test_letters_go_out_under_this_name(post, settings, written, shown):
    address = mailbox(written) or ""
    settings.DEFAULT_FROM_EMAIL = settings.SUPPORT_EMAIL = address
    post.reset()
    with get_connection("django.core.mail.backends.smtp.EmailBackend", host="127.0.0.1", port=post.port) as link:
        for author in (settings.DEFAULT_FROM_EMAIL, sender(None)):
            letter = EmailMessage("Hello", "Words.", author, [address], connection=link, reply_to=[author])
            assert letter.send() == 1
    first, second = post.letters
    assert first["From"].addresses[0].display_name == shown
    assert second["From"].addresses[0].display_name == (shown or "Arrivals")
    assert len(first["Reply-To"].addresses) == len(first["From"].addresses) == 1
    assert first["From"].addresses[0].addr_spec == parseaddr(address)[1]
