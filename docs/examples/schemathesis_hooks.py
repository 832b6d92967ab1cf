"""Values that the formats of the OpenAPI document need, for schemathesis."""

import datetime as dt
import json
import re
from zoneinfo import available_timezones

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData

days = st.dates(dt.date(1970, 1, 1), dt.date(9998, 12, 31)).map(str)
times = st.times().map(lambda time: f"{time:%H:%M:%S}Z")
timestamps = st.builds("{}T{}".format, days, times)
zones = st.sampled_from(sorted(available_timezones()))
titles = st.text("abc äöü", min_size=1).map(lambda text: f"Sow {text}")
lines = titles.map(lambda title: json.dumps({"title": title}))
schemathesis.openapi.format("timezone", zones)
schemathesis.openapi.format("jsonl", st.lists(lines, min_size=1).map("\n".join))
schemathesis.openapi.format(
    "csv", st.lists(titles).map(lambda t: "\n".join(["title", *t]))
)
schemathesis.openapi.format("date-or-date-time", days | timestamps)


@schemathesis.serializer("application/x-ndjson")
def serialize_lines(_context: object, lines: object) -> bytes:
    """Return the text unchanged, and other values as JSON."""
    text = lines if isinstance(lines, str) else json.dumps(lines)
    return text.encode(errors="replace")


@schemathesis.hook
def filter_failure(
    _context: object, failure: Exception, case: schemathesis.Case, _response: object
) -> bool:
    """Accept offsets without a colon, which the service also reads: +0100."""
    sent = json.dumps([case.query, case.body], default=str)
    lenient = re.search(r"T[\d:.]+[+-]\d{4}\b", sent)
    return not (lenient and isinstance(failure, AcceptedNegativeData))
