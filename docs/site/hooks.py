"""What the site shows beside docs/, and that it asks no other host; MkDocs calls it."""

import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
BESIDE = {  # pages of the repository, and files that pages link to
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    ".env.example": "env.example",
    "LICENSE": "license.txt",
    "Procfile": "procfile.txt",
    "render.yaml": "render.yaml",
    "bench/method.md": "method.md",
    **{f"deploy/{file.name}": file.name for file in ROOT.glob("deploy/*.*")},
}
LOADED = re.compile(
    r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//"
)


def on_files(files: Files, config: Any) -> Files:
    """Add what lies beside docs/."""
    for source, target in BESIDE.items():
        path = str(ROOT / source)
        files.append(File.generated(config, target, abs_src_path=path))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Turn links of the repository into links of the site."""
    return re.sub(r"\]\(([^)#:]+)(#[^)]*)?\)", _link, markdown)


def _link(found: re.Match[str]) -> str:
    target = found[1].removeprefix("../").removeprefix("docs/")
    return f"]({BESIDE.get(target, target)}{found[2] or ''})"


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Refuse a page that loads anything from another host."""
    if foreign := LOADED.search(output):
        raise PluginError(f"{page.file.src_uri} asks another host: {foreign[0]}")
    return output
