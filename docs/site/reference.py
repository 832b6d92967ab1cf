"""The API reference: an OpenAPI document with code samples, and the script of Redoc."""

import json
from pathlib import Path
from typing import Any

from samples import URL, add_samples

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "build/reference/node_modules/redoc/bundles/redoc.standalone.js"
LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"
EMPTY_IMAGE = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/>"
)
INTRODUCTION = """\
Every operation, with examples for curl, Python (httpx) and TypeScript (fetch). The
examples send the variable `TOKEN` of the environment: the `access_token` that
[Log in](#operation/log_in) returns, or an API key.

[Authentication](../authentication/) · [Safe writes](../writes/) ·
[Pages and filters](../lists/) · [Errors](../errors/) ·
[Clients](../clients/)
"""


def document() -> str:
    """Return the OpenAPI document of the page."""
    page: dict[str, Any] = json.loads((ROOT / "docs/openapi.json").read_text())
    page["info"]["description"] = INTRODUCTION
    page["servers"] = [{"url": URL}]
    add_samples(page)
    return json.dumps(page, ensure_ascii=False)


def script() -> str:
    """Return the script of Redoc without the image that it loads from another host."""
    return SCRIPT.read_text().replace(LOGO, EMPTY_IMAGE)
