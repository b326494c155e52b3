"""Child process that parses mail; a timer ends it when one mail takes too much of the processor.

It gets a job and a post over a socket, and answers with facts and files. It has no database, no secrets of ours and
nothing in its environment; whatever a mail makes of it, the next one gets another child.
"""

import json
import resource
import signal
import sys
import warnings
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from email import message_from_bytes, policy
from email.message import Message as Mime
from importlib import import_module
from io import BytesIO
from multiprocessing.connection import Connection
from typing import Any

from anymail.signals import inbound
from anymail.webhooks.base import AnymailBaseWebhookView
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.handlers.wsgi import WSGIRequest

from provisioning.sanitize import tried
from support.inbound.mime import Facts, facts_of

MEMORY = 2 * 1024**3
LONGEST_VALUE = 10_000  # of one header
WORDS_OF_JSON = ("body", "text", "html", "content", "raw", "rfc822", "data", "mime")
RAW_FIELDS = ("email", "body-mime", "RawEmail", "email_rfc822")


class Plain(AnymailBaseWebhookView):
    """Webhook view for a raw mail, posted as it is by a mail server of one's own."""

    esp_name = "Plain"
    signal = inbound

    def parse_events(self, request):
        return []


def main(descriptor: int) -> None:
    """Serve jobs from the socket until it is closed; memory is limited, and core dumps are off."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    link = Connection(descriptor)
    with suppress(EOFError, OSError):
        settings.configure(ANYMAIL=json.loads(link.recv_bytes()), DATA_UPLOAD_MAX_MEMORY_SIZE=None)
        while True:
            serve(link)


def serve(link: Connection) -> None:
    """Serve one job: parse a post under a timer (SIGPROF), then send the facts and the attachments."""
    job = json.loads(link.recv_bytes())
    posted = link.recv_bytes()
    signal.setitimer(signal.ITIMER_PROF, job["seconds"])
    found = read(job, posted)
    answer = json.dumps([asdict(facts) for facts, _files in found]).encode()
    signal.setitimer(signal.ITIMER_PROF, 0)
    link.send_bytes(answer)
    for _facts, files in found:
        for content in files:
            link.send_bytes(content)


def read(job: dict[str, Any], posted: bytes) -> list[tuple[Facts, list[bytes]]]:
    """Parse the mails in a post; none where it is no mail, or not to be understood.

    Where the mail itself is in it, its bytes are read, and not what became of them as somebody's text.
    """
    mails = tried(lambda: _as_anymail_does(job, posted), [])
    raw = tried(lambda: list(_raw_mails(job["content_type"], posted)), [])
    if raw and len(mails) in (0, len(raw)):
        envelopes = [envelope for _mail, envelope in mails] or [None] * len(raw)
        mails = [
            (message_from_bytes(one, policy=policy.compat32), envelope)
            for one, envelope in zip(raw, envelopes, strict=True)
        ]
    return [facts_of(mail, envelope, job["ours"]) for mail, envelope in mails]


def _as_anymail_does(job: dict[str, Any], posted: bytes) -> list[tuple[Mime, str | None]]:
    module, name = job["view"]
    view = getattr(import_module(module), name)()
    if "json" in job["content_type"]:
        posted = json.dumps(_cleaned(json.loads(posted.decode("utf-8", "replace")))).encode()
    events = view.parse_events(_request(job["content_type"], posted))
    mails = [event.message for event in events if isinstance(getattr(event, "message", None), Mime)]
    return [(mail, mail.envelope_sender) for mail in mails]


def _raw_mails(content_type: str, posted: bytes) -> Iterator[bytes]:
    """Raw mails in a post, wherever in it they are."""
    if "json" in content_type:
        yield from _raw_in_json(json.loads(posted.decode("utf-8", "replace")))
    elif "form" in content_type:
        request = _request(content_type, posted)
        request.encoding = "latin-1"  # one character for each byte
        files = {name: file.read() for name, file in request.FILES.items() if isinstance(file, UploadedFile)}
        for name in RAW_FIELDS:
            if found := request.POST.get(name) or files.get(name):
                yield found if isinstance(found, bytes) else found.encode("latin-1")
                return
    else:
        yield posted


def _raw_in_json(said: Any) -> Iterator[bytes]:
    if isinstance(said, list):
        for one in said:
            yield from _raw_in_json(one)
    elif isinstance(said, dict):
        for name, value in said.items():
            if name in RAW_FIELDS and isinstance(value, str) and value:
                yield b64decode(value) if said.get(f"{name}_is_base64") else value.encode("utf-8", "replace")
            elif isinstance(value, dict | list):
                yield from _raw_in_json(value)


def _request(content_type: str, posted: bytes) -> WSGIRequest:
    return WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(posted)),
            "wsgi.input": BytesIO(posted),
        }
    )


def _cleaned(said: Any, name: str = "") -> Any:
    """JSON without what no header can carry: the email package refuses the whole mail for it."""
    if isinstance(said, dict):
        return {key: _cleaned(value, key) for key, value in said.items()}
    if isinstance(said, list):
        return [_cleaned(value, name) for value in said]
    if not isinstance(said, str):
        return said
    text = said if said.isascii() else said.encode("utf-8", "replace").decode()
    text = text.replace("\0", "")
    if any(word in name.lower() for word in WORDS_OF_JSON):
        return text
    line = " ".join(text.splitlines())
    return line if len(line) <= LONGEST_VALUE else f"{line[: LONGEST_VALUE // 5]} {line[-LONGEST_VALUE * 4 // 5 :]}"


if __name__ == "__main__":
    main(int(sys.argv[1]))
