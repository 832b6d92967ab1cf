"""What the service says of itself, in JSON."""

from typing import ClassVar

from marshmallow import fields

from taskapi.web.schema import Schema


class LiveSchema(Schema):
    """The process answers."""

    status = fields.String(metadata={"examples": ["ok"]})


class HealthSchema(LiveSchema):
    """Whether requests can be served, and the checks behind the answer."""

    optional: ClassVar[set[str]] = {"remedy"}

    checks = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"examples": [{"database": "ok", "migrations": "ok"}]},
    )
    remedy = fields.String(
        metadata={"description": "What to do about it, where a check failed."}
    )


class IndexSchema(Schema):
    """What the service is, and where its parts are."""

    name = fields.String()
    version = fields.String()
    features = fields.Dict(keys=fields.String(), values=fields.Boolean())
    limits = fields.Dict(keys=fields.String(), values=fields.Integer())
    links = fields.Dict(keys=fields.String(), values=fields.String())
