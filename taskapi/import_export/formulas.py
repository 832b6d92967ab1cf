"""Formulas in spreadsheets: made harmless in an export, restored by an import.

A spreadsheet takes a cell that begins with one of `= + - @`, in full width too, a tab
or a line end for a formula. One that separates cells by semicolons or tabs, or ignores
quotes, also begins a cell inside a text. An apostrophe goes in front of each such sign
(OWASP, CSV injection). Where apostrophes stand there already, one more is added, so
that removing one always restores the text.
"""

import re

SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
FORMULA = re.compile(rf"(\A|[;\t\r\n])([ \xa0]*)(?='*[{SIGNS}])")
MARKED = re.compile(rf"(\A|[;\t\r\n])([ \xa0]*)'(?='*[{SIGNS}])")
SPACE_FIRST = re.compile(r"'*[\t\r\n]")


def neutralise(text: str) -> str:
    """Return the text with an apostrophe before each sign that begins a formula."""
    marked = FORMULA.sub(r"\1\2'", text)
    return f"'{marked}" if SPACE_FIRST.match(text) else marked


def restore(cell: str) -> str:
    """Return the text that `neutralise` was given."""
    is_marked = cell.startswith("'") and SPACE_FIRST.match(cell)
    return MARKED.sub(r"\1\2", cell[1:] if is_marked else cell)
