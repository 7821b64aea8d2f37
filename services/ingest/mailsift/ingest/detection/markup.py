"""Web pages and XML, which programs like to hand out under the name of a workbook; pure."""

from __future__ import annotations

import re
from typing import Final

from mailsift.shared.errors import PermanentError

# No word of these is an address in angle brackets, nor followed by an at-sign.
_MARKUP: Final = re.compile(
    r"\s*(?:<!--.{0,1000}?-->\s*)?<(?:\?xml|!doctype|html|head|meta|style|body|table|workbook)[\s>/]",
    re.IGNORECASE | re.DOTALL,
)


def refuse_markup(text: str) -> None:
    """Raise `markup_file` if a text begins as a web page or XML does: its tags would end up in addresses."""
    if _MARKUP.match(text):
        raise PermanentError(
            "markup_file",
            "The file is a web page or XML, whatever it is called. Please open it in a spreadsheet program,"
            " save it as a workbook (.xlsx) or as CSV, and upload that.",
        )
