"""Downloads of attachments and raw mails: handed out as bytes that no browser opens."""

from collections.abc import Iterable

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from support.models import Attachment, Message


def urls(site):
    """URL patterns of the downloads, for the desk's site."""
    view = site.admin_view
    return [
        path("mail/<int:pk>/", view(require_safe(whole)), name="mail"),
        path("mail/<int:pk>/<int:file>/", view(require_safe(attachment)), name="attachment"),
    ]


def whole(request, pk):
    """Download of a raw mail: the post of the mail service, in which the mail is."""
    mail = get_object_or_404(Message.objects.select_related("mail"), pk=pk).mail
    if mail is None:
        raise Http404
    return _bytes(mail.posted, f"mail-{pk}.{'json' if 'json' in mail.content_type else 'eml'}")


def attachment(request, pk, file):
    """Download of one attachment of a message."""
    found = get_object_or_404(Attachment, pk=file, message=pk)
    return _bytes(found.content, found.name)


def _bytes(content: bytes | memoryview, name: str) -> HttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return HttpResponse(
        bytes(content),
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": disposition,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "no-store",
        },
    )


def with_files(messages: Iterable[Message]) -> list[dict]:
    """Messages for the desk, each with its attachments where it came by mail; at most one query."""
    by_mail = [message.pk for message in messages if message.mail_id]
    files: dict[int, list[Attachment]] = {pk: [] for pk in by_mail}
    for file in Attachment.objects.filter(message__in=by_mail).defer("content") if by_mail else ():
        files[file.message_id].append(file)
    return [{"message": message, "files": files.get(message.pk, [])} for message in messages]
