"""The documentation pages: local files only, and no inline scripts."""

import gzip
import re
from collections.abc import Callable

import pytest
from flask import Flask

from taskapi.system.guides import SUMMARIES
from tests.helpers.client import Client, assert_problem

pytestmark = pytest.mark.one_database

TYPES = {
    "/static/docs.js": "text/javascript; charset=utf-8",
    "/static/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "/static/swagger-ui.css": "text/css; charset=utf-8",
    "/static/pages.css": "text/css; charset=utf-8",
    "/static/favicon-32x32.png": "image/png",
}
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
}
HTML = {"Accept": "text/html"}


@pytest.fixture(params=["/docs", "/problems", "/problems/not-found"])
def page(request: pytest.FixtureRequest, anonymous: Client) -> str:
    """Return the HTML of one of the pages."""
    text: str = anonymous.get(request.param, headers=HTML).text
    return text


def test_documentation_may_load_local_files_and_nothing_else(
    anonymous: Client,
) -> None:
    response = anonymous.get("/docs")

    assert response.content_type == "text/html; charset=utf-8"
    assert set(response.headers["Content-Security-Policy"].split("; ")) == POLICY
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_have_no_inline_code(page: str) -> None:
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", page, re.DOTALL)

    assert [body for _, body in scripts if body] == []
    assert [tag for tag, _ in scripts if " src=" not in tag] == []
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", page) == []


def test_pages_load_nothing_from_other_hosts(page: str) -> None:
    assert re.findall(r"https?:|[\"'(]//", page) == []


def test_documentation_page_without_javascript_has_links(anonymous: Client) -> None:
    page = anonymous.get("/docs").text

    (hint,) = re.findall(r"<noscript>(.*?)</noscript>", page, re.DOTALL)

    assert "needs JavaScript" in hint
    assert re.findall('href="(.+?)"', hint) == ["/openapi.json", "/problems"]


def test_documentation_page_links_only_served_files(
    anonymous: Client,
) -> None:
    page = anonymous.get("/docs").text

    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)

    assert set(named) == set(TYPES)


@pytest.mark.parametrize("path", TYPES)
def test_file_of_the_pages_has_its_type(anonymous: Client, path: str) -> None:
    response = anonymous.get(path)

    assert (response.status_code, response.content_type) == (200, TYPES[path])
    assert len(response.data) == response.content_length > 0
    assert response.headers["Cache-Control"] == "public, max-age=3600"


@pytest.mark.parametrize("path", TYPES)
def test_cached_file_returns_304(anonymous: Client, path: str) -> None:
    tag = anonymous.get(path).headers["ETag"]

    response = anonymous.get(path, headers={"If-None-Match": tag})

    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == tag


def test_interface_reads_the_served_document(anonymous: Client) -> None:
    script = anonymous.get("/static/docs.js").text

    assert 'url: "/openapi.json"' in script
    assert "validatorUrl: null" in script
    assert re.findall(r"https?:", script) == []


@pytest.mark.parametrize(
    "name",
    [
        "unknown.js",
        "index.html",
        "swagger-initializer.js",
        "../system/pages.py",
        "..%2fpages.py",
        "%2e%2e/pages.py",
        "..%5cpages.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "docs.js%00",
        "",
    ],
)
def test_other_files_are_not_served(anonymous: Client, name: str) -> None:
    response = anonymous.get(f"/static/{name}")

    assert_problem(response, 404, "not-found")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_documentation_can_be_disabled(
    make_app: Callable[..., Flask], path: str
) -> None:
    anonymous = Client(make_app(docs_enabled=False))

    response = anonymous.get(path)

    assert_problem(response, 404, "not-found")


@pytest.mark.parametrize("suffix", ["", "-gzip", ";gzip"])
def test_unchanged_document_returns_304(anonymous: Client, suffix: str) -> None:
    tag = anonymous.get("/openapi.json").headers["ETag"]
    sent_tag = f'{tag[:-1]}{suffix}"'

    response = anonymous.get("/openapi.json", headers={"If-None-Match": sent_tag})

    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == tag


def test_document_contains_the_public_url(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(public_url="https://tasks.example.org")

    document = Client(app).get("/openapi.json").json

    assert document["servers"] == [{"url": "https://tasks.example.org"}]


@pytest.mark.parametrize("path", ["/static/swagger-ui-bundle.js", "/openapi.json"])
def test_large_files_are_served_precompressed(anonymous: Client, path: str) -> None:
    plain = anonymous.get(path)
    response = anonymous.get(path, headers={"Accept-Encoding": "br, gzip"})

    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.data) == plain.data
    assert len(response.data) < len(plain.data) / 3
    assert response.headers["ETag"] != plain.headers["ETag"]
    assert response.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


def test_guides_link_each_other_and_nothing_else(anonymous: Client) -> None:
    listed = anonymous.get("/guides").text
    names = re.findall(r'href="/guides/(\w+)"', listed)
    pages = {name: anonymous.get(f"/guides/{name}").text for name in names}

    targets = {
        (page, anchor)
        for text in pages.values()
        for page, anchor in re.findall(r'href="/guides/(\w+)#?([\w-]*)"', text)
    }
    links = [
        link for text in pages.values() for link in re.findall(r'href="(.*?)"', text)
    ]

    assert names == list(SUMMARIES)
    assert "If-Match" in pages["writes"]
    assert {page for page, _ in targets} <= set(names)
    assert [t for t in targets if t[1] and f'id="{t[1]}"' not in pages[t[0]]] == []
    assert 'href="#roles"' in pages["projects"]
    assert [link for link in links if not link.startswith(("/", "http", "#"))] == []


def test_unknown_guide_is_not_found(anonymous: Client) -> None:
    assert_problem(anonymous.get("/guides/settings"), 404, "not-found")


def test_list_of_guides_says_what_each_one_explains(anonymous: Client) -> None:
    page = anonymous.get("/guides").text

    found = re.findall(r"<dt><a [^>]*>([^<]+)</a></dt>\s*<dd>([^<]+)</dd>", page)

    assert len(found) == len(re.findall(r'href="/guides/', page))
    assert all(summary.endswith(".") for _, summary in found)


def test_introduction_is_short_and_links_guides_and_problems(
    anonymous: Client,
) -> None:
    text = anonymous.get("/openapi.json").json["info"]["description"]

    links = re.findall(r"\((/[\w.]+)\)", text)

    assert len([line for line in text.splitlines() if line]) <= 10
    assert links == ["/guides", "/problems", "/openapi.json"]
    assert all(anonymous.get(link).status_code == 200 for link in links)
