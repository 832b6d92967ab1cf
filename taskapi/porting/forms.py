"""The kinds of files, by their names and by their media types."""

from taskapi.porting.jsonl import JSONL
from taskapi.porting.lines import Form
from taskapi.porting.sheets import CSV

FORMS: dict[str, Form] = {"jsonl": JSONL, "csv": CSV}
READ_AS: dict[str, Form] = {
    "application/x-ndjson": JSONL,
    "application/jsonl": JSONL,
    "text/csv": CSV,
}
