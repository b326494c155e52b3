"""What a person finds in the mailbox."""

import re

from stage import MailServer

LINK = re.compile(r"https?://[^/\s]+(/(?:confirm|password/choose)/\S+/)")


def newest_link(mail: MailServer, address: str) -> str:
    """The path of the link in the newest letter to this address."""
    return link_in(mail.to(address)[-1])


def link_in(letter) -> str:
    """The same in both of its forms."""
    [plain] = LINK.findall(words_of(letter, "plain"))
    assert plain in words_of(letter, "html")
    return plain


def words_of(letter, form="plain") -> str:
    body = letter.get_body((form,))
    assert body is not None
    return body.get_content()


def subjects(mail: MailServer, address: str) -> list[str]:
    return [str(letter["Subject"]) for letter in mail.to(address)]
