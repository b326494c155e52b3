"""What a page is made of: a page that took a string for markup has parts that we never wrote."""

from html.parser import HTMLParser

OUR_TAGS = {
    "html", "head", "meta", "title", "link", "script", "noscript", "body", "a", "header", "nav", "main", "footer", "h1", "h2", "p", "ul",
    "li", "form", "input", "label", "div", "button", "textarea", "strong", "span", "time", "br", "select", "option", "details", "summary",
}  # fmt: skip
OUR_ATTRIBUTES = {
    "lang", "charset", "name", "content", "http-equiv", "rel", "href", "type", "src", "defer", "class", "id", "tabindex", "aria-label",
    "aria-describedby", "aria-invalid", "role", "method", "novalidate", "action", "value", "for", "required", "maxlength", "minlength",
    "autocomplete", "spellcheck", "autofocus", "rows", "cols", "data-settled", "data-show", "data-hide", "data-what", "datetime", "style",
    "aria-live", "hreflang", "open", "selected", "min", "max", "inputmode",
}  # fmt: skip


class Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in OUR_TAGS:
            self.foreign.append(tag)
        for name, value in attrs:
            ours = name in OUR_ATTRIBUTES and (name not in ("href", "src", "action") or is_ours(value or ""))
            if not ours:
                self.foreign.append(f"{tag} {name}={value}")

    def handle_comment(self, data: str) -> None:
        self.foreign.append(f"comment {data}")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem and data.strip():
            self.foreign.append(f"{self.cdata_elem} {data}")


def is_ours(address: str) -> bool:
    return address.startswith(("/", "#", "?", "http://localhost")) and not address.startswith("//")


def foreign_parts(page: str) -> list[str]:
    parts = Parts()
    parts.feed(page)
    return parts.foreign
