"""Code samples of operations for curl, Python (httpx) and TypeScript (fetch)."""

import json
from textwrap import indent
from typing import Any, NamedTuple
from urllib.parse import urlencode

URL = "http://127.0.0.1:8000"
QUERIES = {
    "list_tasks": "?status=todo,in_progress&sort=-priority",
    "export_tasks": "?format=csv",
}
JSON, CSV = "application/json", "text/csv"
FILE = "tasks.csv"
WIDTH = 60  # of a value on one line


class Syntax(NamedTuple):
    """Notation of values in a language."""

    indentation: str
    words: dict[str, str]
    last_comma: str
    padding: str  # within braces on one line
    quotes_keys: bool


SHELL = Syntax("  ", {}, "", "", quotes_keys=True)
PYTHON_WORDS = {"true": "True", "false": "False", "null": "None"}
PYTHON = Syntax("    ", PYTHON_WORDS, ",", "", quotes_keys=True)
TYPESCRIPT = Syntax("  ", {}, ",", " ", quotes_keys=False)


class Call(NamedTuple):
    """A request to an operation, with the examples of the document."""

    method: str
    url: str
    is_authenticated: bool
    if_match: str | None
    has_key: bool
    media_type: str | None
    body: Any
    returned: str | None


def add_samples(document: dict[str, Any]) -> None:
    """Add `x-codeSamples` to all operations of an OpenAPI document."""
    for path, item in document["paths"].items():
        for method in item.keys() - {"parameters"}:
            call = _call(document, path, method)
            item[method]["x-codeSamples"] = [
                {"lang": "Shell", "label": "curl", "source": _curl(call)},
                {"lang": "Python", "label": "Python", "source": _python(call)},
                {"lang": "TypeScript", "label": "TypeScript", "source": _fetch(call)},
            ]


def _call(document: dict[str, Any], path: str, method: str) -> Call:
    item = document["paths"][path]
    operation = item[method]
    used = [*item.get("parameters", []), *operation.get("parameters", [])]
    parameters = [_resolved(document, one) for one in used]
    examples = {p["name"]: p["schema"].get("examples", [""])[0] for p in parameters}
    media_type, body = _body(operation)
    return Call(
        method=method.upper(),
        url=URL + path.format(**examples) + QUERIES.get(operation["operationId"], ""),
        is_authenticated=bool(operation["security"]),
        if_match=examples.get("If-Match"),
        has_key="Idempotency-Key" in examples,
        media_type=media_type,
        body=body,
        returned=_returned(operation),
    )


def _resolved(document: dict[str, Any], parameter: dict[str, Any]) -> Any:
    name = parameter.get("$ref", "").rpartition("/")[2]
    return document["components"]["parameters"][name] if name else parameter


def _body(operation: dict[str, Any]) -> tuple[str | None, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    media_type = CSV if CSV in content else next(iter(content), None)
    return media_type, content.get(media_type, {}).get("example")


def _returned(operation: dict[str, Any]) -> str | None:
    """Return the media type of a successful response, or None without content."""
    success = next(r for code, r in operation["responses"].items() if code < "300")
    return next(iter(success.get("content", {})), None)


def _curl(call: Call) -> str:
    url = f'"{call.url}"' if "?" in call.url else call.url
    implied = "POST" if call.body is not None else "GET"
    method = "" if call.method == implied else f"-X {call.method} "
    options = ['-H "Authorization: Bearer $TOKEN"'] if call.is_authenticated else []
    if call.if_match:
        options.append(f"-H 'If-Match: {call.if_match}'")
    if call.has_key:
        options.append('-H "Idempotency-Key: $(uuidgen)"')
    return " \\\n  ".join([f"curl {method}{url}", *options, *_curl_body(call)])


def _curl_body(call: Call) -> list[str]:
    if call.media_type is None:
        return []
    if call.media_type not in {JSON, CSV}:
        return [f"-d '{urlencode(call.body)}'"]
    text = _literal(call.body, SHELL).replace("'", r"'\''")
    data = f"-d '{text}'" if call.media_type == JSON else f"--data-binary @{FILE}"
    return [f"-H 'Content-Type: {call.media_type}'", data]


def _python(call: Call) -> str:
    sent = {
        JSON: f"json={_literal(call.body, PYTHON)},",
        CSV: f'content=Path("{FILE}").read_bytes(),',
        None: "",
    }
    form = f"data={_literal(call.body, PYTHON)},"
    headers = _python_headers(call)
    arguments = [f'"{call.url}",']
    if headers:
        arguments.append("headers={\n" + indent("\n".join(headers), "    ") + "\n},")
    arguments.append(sent.get(call.media_type, form))
    # httpx.delete() has no argument for a body
    has_body = call.method == "DELETE" and call.media_type
    function = 'request(\n    "DELETE",' if has_body else f"{call.method.lower()}("
    inner = indent("\n".join(filter(None, arguments)), "    ")
    request = f"response = httpx.{function}\n{inner}\n)\nresponse.raise_for_status()"
    shown = {None: "", JSON: "\nprint(response.json())"}
    end = shown.get(call.returned, "\nprint(response.text)")
    return _python_imports(request) + request + end


def _python_headers(call: Call) -> list[str]:
    headers = []
    if call.is_authenticated:
        headers.append('"Authorization": f"Bearer {os.environ[\'TOKEN\']}",')
    if call.if_match:
        headers.append(f"\"If-Match\": '{call.if_match}',")
    if call.has_key:
        headers.append('"Idempotency-Key": str(uuid.uuid4()),')
    if call.media_type == CSV:
        headers.append(f'"Content-Type": "{CSV}",')
    return headers


def _python_imports(request: str) -> str:
    lines = {
        "os.environ": "import os",
        "uuid.": "import uuid",
        "Path(": "from pathlib import Path",
    }
    used = "\n".join(line for name, line in lines.items() if name in request)
    return f"{used}\n\nimport httpx\n\n" if used else "import httpx\n\n"


def _fetch(call: Call) -> str:
    options = [] if call.method == "GET" else [f'method: "{call.method}",']
    if headers := _fetch_headers(call):
        options.append("headers: {\n" + indent("\n".join(headers), "  ") + "\n},")
    if call.media_type == CSV:
        options.append(f'body: await readFile("{FILE}"),')
    elif call.media_type:
        function = (
            "JSON.stringify" if call.media_type == JSON else "new URLSearchParams"
        )
        options.append(f"body: {function}({_literal(call.body, TYPESCRIPT)}),")
    inner = ", {\n" + indent("\n".join(options), "  ") + "\n}" if options else ""
    read = "json" if call.returned == JSON else "text"
    lines = [
        *(
            ['import { readFile } from "node:fs/promises";\n']
            * (call.media_type == CSV)
        ),
        f'const response = await fetch("{call.url}"{inner});',
        "if (!response.ok) throw new Error((await response.json()).detail);",
        *([f"console.log(await response.{read}());"] * (call.returned is not None)),
    ]
    return "\n".join(lines)


def _fetch_headers(call: Call) -> list[str]:
    headers = []
    if call.is_authenticated:
        headers.append("Authorization: `Bearer ${process.env.TOKEN}`,")
    if call.if_match:
        headers.append(f"\"If-Match\": '{call.if_match}',")
    if call.has_key:
        headers.append('"Idempotency-Key": crypto.randomUUID(),')
    if call.media_type in {JSON, CSV}:
        headers.append(f'"Content-Type": "{call.media_type}",')
    return headers


def _literal(value: Any, syntax: Syntax) -> str:
    """Return a JSON value in a syntax, on one line if it is short."""
    if isinstance(value, dict):
        items = [f"{_key(k, syntax)}: {_literal(v, syntax)}" for k, v in value.items()]
    elif isinstance(value, list):
        items = [_literal(one, syntax) for one in value]
    else:
        text = json.dumps(value, ensure_ascii=False)
        return syntax.words.get(text, text)
    start, end = "{}" if isinstance(value, dict) else "[]"
    padding = syntax.padding if start == "{" else ""
    if len(line := ", ".join(items)) <= WIDTH and "\n" not in line:
        return f"{start}{padding}{line}{padding}{end}"
    lines = indent(",\n".join(items) + syntax.last_comma, syntax.indentation)
    return f"{start}\n{lines}\n{end}"


def _key(key: str, syntax: Syntax) -> str:
    return key if key.isidentifier() and not syntax.quotes_keys else f'"{key}"'
