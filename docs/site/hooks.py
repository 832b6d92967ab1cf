"""MkDocs hooks: add files from outside docs/, and reject content of other hosts."""

import posixpath
import re
from functools import partial
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from reference import document, script

ROOT = Path(__file__).parents[2]
EXTRA_FILES = {  # pages outside docs/, and files that pages link to
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    ".env.example": "env.example",
    "LICENSE": "license.txt",
    "Procfile": "procfile.txt",
    "app.json": "app.json",
    "compose.yaml": "compose.yaml",
    "render.yaml": "render.yaml",
    "bench/method.md": "method.md",
    **{f"deploy/{file.name}": file.name for file in ROOT.glob("deploy/*.*")},
}
LOADED = re.compile(
    r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//"
)


def on_files(files: Files, config: Any) -> Files:
    """Add the files from outside docs/, and those of the API reference."""
    for source, target in EXTRA_FILES.items():
        path = str(ROOT / source)
        files.append(File.generated(config, target, abs_src_path=path))
    for name, content in {"document.json": document(), "redoc.js": script()}.items():
        files.append(File.generated(config, f"reference/{name}", content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Replace links within the repository by links of the site."""
    if page.file.src_uri == "reference.md":
        page.meta["template"] = "reference.html"
    replace = partial(_link, page.file.src_uri)
    return re.sub(r"\]\(([^)#:]+)(#[^)]*)?\)", replace, markdown)


def _link(page: str, found: re.Match[str]) -> str:
    sources = {target: source for source, target in EXTRA_FILES.items()}
    folder = posixpath.dirname(sources.get(page, f"docs/{page}"))
    file = posixpath.normpath(posixpath.join(folder, found[1]))
    target = EXTRA_FILES.get(file, file.removeprefix("docs/"))
    link = posixpath.relpath(target, posixpath.dirname(page) or ".")
    return f"]({link}{found[2] or ''})"


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Raise PluginError if a page loads anything from another host."""
    if foreign := LOADED.search(output):
        raise PluginError(f"{page.file.src_uri} loads from another host: {foreign[0]}")
    return output
