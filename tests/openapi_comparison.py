"""Comparison of OpenAPI documents: changes that break existing clients.

Requests may only accept more; responses may only become narrower and more complete.
It cannot be decided whether a changed pattern or combination of schemas accepts more:
any change of them is reported.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
METHODS = ("get", "put", "post", "delete", "patch")
UPPER = ("maxLength", "maximum", "maxItems", "maxProperties")
LOWER = ("minLength", "minimum", "minItems", "minProperties")
LIMITS = dict.fromkeys(UPPER, 1) | dict.fromkeys(LOWER, -1)
ANY = ("string", "integer", "number", "boolean", "object", "array", "null")
OPAQUE = ("pattern", "uniqueItems", "anyOf", "oneOf", "allOf", "const")


def breaks(old: Document, new: Document) -> list[str]:
    """Return a sentence for each change that breaks clients of the old document."""
    return sorted({*_operations(old, new), *_components(old, new)})


def _components(old: Document, new: Document) -> Iterator[str]:
    schemas = old["components"]["schemas"]
    yield from _removed("", "schema", schemas, new["components"]["schemas"])
    yield from _removed("", "problem", _codes(old), _codes(new))


def _codes(document: Document) -> list[str]:
    return [
        code
        for operation in _by_route(document).values()
        for response in operation["responses"].values()
        for media in _resolve(document, response)[0].get("content", {}).values()
        for code in media.get("examples", {})
    ]


def _operations(old: Document, new: Document) -> Iterator[str]:
    before, after = _by_route(old), _by_route(new)
    yield from _removed("", "operation", before, after)
    for route in before.keys() & after.keys():
        pair = Pair(route, old, new)
        yield from pair.operation(before[route], after[route])


def _by_route(document: Document) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": item[method] | {"path": item.get("parameters", [])}
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    }


def _removed(
    where: str, kind: str, old: Iterable[Any], new: Iterable[Any]
) -> Iterator[str]:
    left = list(new)
    for name in old:
        if name not in left:
            yield ": ".join(filter(None, [where, f"{kind} {name} was removed".strip()]))


class Pair:
    """An operation in both documents."""

    def __init__(self, route: str, old: Document, new: Document) -> None:
        self.route, self.old, self.new = route, old, new
        self.seen: set[tuple[str, str, bool]] = set()

    def operation(self, old: Any, new: Any) -> Iterator[str]:
        """Compare the whole operation."""
        if old["operationId"] != new["operationId"]:
            yield f"{self.route}: operationId {old['operationId']} was removed"
        yield from self.security(old, new)
        yield from self.parameters(self.named(self.old, old), self.named(self.new, new))
        yield from self.body(old.get("requestBody"), new.get("requestBody"))
        yield from self.responses(old["responses"], new["responses"])

    def security(self, old: Any, new: Any) -> Iterator[str]:
        """Compare the security schemes; existing ones must stay."""
        before, after = old["security"] or [{}], new["security"] or [{}]
        if {} not in after:
            yield from _removed(self.route, "security scheme", before, after)

    def named(self, document: Document, operation: Any) -> dict[str, Any]:
        """Return the parameters by location and name."""
        given = [*operation["path"], *operation.get("parameters", [])]
        found = [_resolve(document, one)[0] for one in given]
        return {f"{one['in']} parameter {one['name']}": one for one in found}

    def parameters(self, old: Any, new: Any) -> Iterator[str]:
        """Compare the parameters."""
        yield from _removed(self.route, "", old, new)
        for name in new:
            where = f"{self.route}: {name}"
            before = old.get(name, {})
            if new[name].get("required") and not before.get("required"):
                yield f"{where} is required now"
            if before:
                yield from self.sent(where, before["schema"], new[name]["schema"])

    def body(self, old: Any, new: Any) -> Iterator[str]:
        """Compare the request bodies."""
        where = f"{self.route}: body"
        if new and new.get("required") and not (old and old.get("required")):
            yield f"{where} is required now"
        if old:
            yield from self.contents(where, old, new or {}, sent=True)

    def responses(self, old: Any, new: Any) -> Iterator[str]:
        """Compare the responses; errors may change, since clients read their code."""
        good = [status for status in old if status < "400"]
        yield from _removed(self.route, "response", good, new)
        for status in [one for one in good if one in new]:
            where = f"{self.route}: {status}"
            before = _resolve(self.old, old[status])[0]
            after = _resolve(self.new, new[status])[0]
            headers = before.get("headers", {}), after.get("headers", {})
            yield from _removed(where, "header", *headers)
            yield from self.contents(where, before, after, sent=False)

    def contents(self, where: str, old: Any, new: Any, *, sent: bool) -> Iterator[str]:
        """Compare the schemas of each media type."""
        before, after = old.get("content", {}), new.get("content", {})
        yield from _removed(where, "media type", before, after)
        for kind in before.keys() & after.keys():
            compare = self.sent if sent else self.received
            yield from compare(where, before[kind]["schema"], after[kind]["schema"])

    def sent(self, where: str, old: Any, new: Any) -> Iterator[str]:
        """Compare schemas of requests."""
        before, after, known = self.resolved(old, new, sent=True)
        if known:
            return
        yield from _removed(where, "type", _types(before), _types(after) or ANY)
        yield from _values(where, before, after, free=["of any kind"])
        yield from _narrowed(where, before, after)
        if after.get("additionalProperties") is False:
            yield from _removed(where, "field", _fields(before), _fields(after))
        for name in {*after.get("required", [])} - {*before.get("required", [])}:
            yield f"{where}: field {name} is required now"
        yield from self.inner(where, before, after, sent=True)

    def received(self, where: str, old: Any, new: Any) -> Iterator[str]:
        """Compare schemas of responses."""
        before, after, known = self.resolved(old, new, sent=False)
        if known:
            return
        for name in {*_types(after)} - {*(_types(before) or ANY)}:
            yield f"{where}: may be {name} now"
        yield from _values(where, before, after, free=[])
        if before.get("format") != after.get("format"):
            yield f"{where}: format {before.get('format')} was removed"
        yield from _removed(where, "field", _fields(before), _fields(after))
        for name in {*before.get("required", [])} & {*_fields(after)}:
            if name not in after.get("required", []):
                yield f"{where}: field {name} may be missing now"
        yield from self.inner(where, before, after, sent=False)

    def inner(self, where: str, old: Any, new: Any, *, sent: bool) -> Iterator[str]:
        """Compare the common fields, and the items."""
        compare = self.sent if sent else self.received
        before, after = _fields(old), _fields(new)
        for name in before.keys() & after.keys():
            yield from compare(f"{where}: {name}", before[name], after[name])
        for part in ("items", "additionalProperties"):
            if isinstance(old.get(part), dict) and isinstance(new.get(part), dict):
                yield from compare(f"{where}: {part}", old[part], new[part])

    def resolved(self, old: Any, new: Any, *, sent: bool) -> tuple[Any, Any, bool]:
        """Follow references; return whether this pair was compared before."""
        before, first = _resolve(self.old, old)
        after, second = _resolve(self.new, new)
        pair = (first, second, sent)
        known = bool(first) and pair in self.seen
        self.seen.add(pair)
        return before, after, known


def _resolve(document: Document, part: Any) -> tuple[Any, str]:
    """Return the target of a reference, and its name."""
    name = part.get("$ref", "")
    for step in name.split("/")[1:]:
        document = document[step]
    return (document, name) if name else (part, "")


def _types(schema: Any) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def _fields(schema: Any) -> Any:
    return schema.get("properties", {})


def _values(where: str, old: Any, new: Any, *, free: list[str]) -> Iterator[str]:
    """Find removed values of an enum; `free` are the values without an enum."""
    if "enum" in new:
        yield from _removed(where, "value", old.get("enum", free), new["enum"])


def _narrowed(where: str, old: Any, new: Any) -> Iterator[str]:
    """Find limits that are new or stricter, and rules that are new or different."""
    for name, sign in LIMITS.items():
        before, after = old.get(name), new.get(name)
        if after is not None and (before is None or sign * after < sign * before):
            yield f"{where}: {name} is {after} now, it was {before}"
    for name in (*OPAQUE, "format"):
        if name in new and new[name] != old.get(name):
            yield f"{where}: {name} was changed"
    closed = [schema.get("additionalProperties") is False for schema in (old, new)]
    if closed == [False, True]:
        yield f"{where}: unknown fields are rejected now"
