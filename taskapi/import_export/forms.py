"""The file formats by name, media type and ending of a file name."""

from taskapi.import_export.formats import Form
from taskapi.import_export.jsonl import JSONL
from taskapi.import_export.sheets import CSV

FORMS: dict[str, Form] = {"jsonl": JSONL, "csv": CSV}
READ_AS: dict[str, Form] = {
    "application/x-ndjson": JSONL,
    "application/jsonl": JSONL,
    "text/csv": CSV,
}
NAMES = {
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "text/csv": "csv",
}
BY_ENDING = {".csv": CSV, ".tsv": CSV, ".jsonl": JSONL, ".ndjson": JSONL}
