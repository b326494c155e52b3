"""A picture of every page at two widths, light and dark. Not named test_: only `make screens` takes them."""

from pathlib import Path

import pytest

from tests.browser.pages import LOOKS
from tests.browser.small import small
from tests.browser.test_pages import visit

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
SIZES = {375: 812, 1280: 800}


@pytest.mark.parametrize("name", LOOKS)
def test_take_a_picture(name, site, open_context):
    FOLDER.mkdir(parents=True, exist_ok=True)
    page = visit(open_context(), site, LOOKS[name], LOOKS[name].arrange(site))
    blank = open_context().new_page()
    for width, height in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            picture = page.screenshot(full_page=True, animations="disabled")
            (FOLDER / f"{name}-{width}-{scheme}.png").write_bytes(small(blank, picture))
