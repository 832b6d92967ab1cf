"""Schemas of the health checks and the service description."""

from enum import StrEnum
from typing import ClassVar

from marshmallow import fields

from taskapi.web.field_options import component_of
from taskapi.web.fields import Count, Text
from taskapi.web.schema import Schema
from taskapi.web.validators import OneOf


class HealthStatus(StrEnum):
    """Whether the service can handle requests."""

    OK = "ok"
    UNAVAILABLE = "unavailable"


class CheckStatus(StrEnum):
    """The result of a health check.

    `ahead`: the database was migrated by a newer release, with which this one works.
    `draining`: the instance is shutting down.
    """

    OK = "ok"
    AHEAD = "ahead"
    FAILED = "failed"
    DRAINING = "draining"


class LivenessSchema(Schema):
    """The process responds."""

    status = fields.String(validate=OneOf(["ok"]))


class HealthSchema(LivenessSchema):
    """Readiness of the service, and the result of each check."""

    optional: ClassVar[set[str]] = {"remedy"}

    status = fields.String(
        validate=OneOf([*HealthStatus]), metadata=component_of(HealthStatus)
    )
    checks = fields.Dict(
        keys=fields.String(),
        values=fields.String(
            validate=OneOf([*CheckStatus]), metadata=component_of(CheckStatus)
        ),
        metadata={"examples": [{"database": "ok", "migrations": "ok"}]},
    )
    remedy = Text(
        high=200,
        metadata={"description": "What the operator can do, if a check failed."},
    )


class ServiceInfoSchema(Schema):
    """The service, its features, limits and links."""

    name = Text(high=100, metadata={"examples": ["taskapi"]})
    version = Text(high=100, metadata={"examples": ["0.1.0"]})
    features = fields.Dict(
        keys=fields.String(),
        values=fields.Boolean(),
        metadata={"examples": [{"registration": True, "require_if_match": False}]},
    )
    limits = fields.Dict(
        keys=fields.String(),
        values=Count(),
        metadata={"examples": [{"body_bytes": 1_048_576, "page": 100}]},
    )
    links = fields.Dict(
        keys=fields.String(),
        values=Text(high=200, metadata={"format": "uri-reference"}),
        metadata={"examples": [{"docs": "/docs", "health": "/health"}]},
    )
