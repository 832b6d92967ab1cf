"""Code samples of the API reference."""

import json
from typing import Any

import reference

DOCUMENT: dict[str, Any] = json.loads(reference.document())
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}


def sample(operation: str, label: str) -> str:
    """Return a code sample of the page."""
    samples = OPERATIONS[operation][2]["x-codeSamples"]
    (source,) = (one["source"] for one in samples if one["label"] == label)
    return str(source)
