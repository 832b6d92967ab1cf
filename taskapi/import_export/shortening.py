"""Texts that are too long, truncated where an import requests it (`on_long=cut`)."""

import re
from typing import Any

from taskapi.tasks.models import DESCRIPTION_LENGTH, TAG_LENGTH, TITLE_LENGTH

BREAKS = re.compile(r"[\t-\r\x85\u2028\u2029]+")


def shorten(fields: Any) -> list[str]:
    """Truncate the texts of a line in place; return the names of changed fields.

    Line breaks in a title become spaces. An external id identifies a task, so it is
    never truncated.
    """
    if not isinstance(fields, dict):
        return []
    changed = []
    for name, change in CHANGES.items():
        before = fields.get(name)
        after = change(before)
        if after != before:
            fields[name] = after
            changed.append(name)
    return changed


def _title(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    line = BREAKS.sub(" ", text)[:TITLE_LENGTH].strip()
    return value if line == text else line


def _description(value: Any) -> Any:
    return value[:DESCRIPTION_LENGTH] if isinstance(value, str) else value


def _tags(value: Any) -> Any:
    return [_tag(one) for one in value] if isinstance(value, list) else value


def _tag(value: Any) -> Any:
    is_long = isinstance(value, str) and len(value.strip()) > TAG_LENGTH
    return value.strip()[:TAG_LENGTH] if is_long else value


CHANGES = {"title": _title, "description": _description, "tags": _tags}
