"""API keys over HTTP."""

from functools import partial
from typing import Any

from taskapi.api_keys import service
from taskapi.api_keys.schemas import (
    ApiKeyCreatedSchema,
    ApiKeyPageSchema,
    ApiKeySchema,
    ApiKeyUpdateSchema,
)
from taskapi.web import pagination, read_only
from taskapi.web.api import PREFIX, Blueprint
from taskapi.web.authentication import caller

keys = Blueprint("api-keys", "Your API keys, for scripts.", limit="default")


@keys.post("/api-keys")
@keys.arguments(ApiKeySchema)
@keys.response(201, ApiKeyCreatedSchema, headers={"Location": "Location"})
@keys.problems("limit-reached")
def create_api_key(fields: dict[str, Any]) -> Any:
    """Make an API key

    `api_key` is shown in this answer and never again. Without `scopes` the key may read
    and write tasks. An account has at most 50 keys, expired ones included.
    """
    key, text = service.create(caller(), fields)
    location = {"Location": f"{PREFIX}/api-keys/{key.id}"}
    return key._asdict() | {"api_key": text}, location


@keys.get("/api-keys")
@keys.arguments(pagination.PageArguments, location="query")
@keys.response(200, ApiKeyPageSchema, headers={"Link": "Link"})
@keys.problems("invalid-cursor")
def list_api_keys(arguments: dict[str, Any]) -> Any:
    """List your API keys

    The newest first.
    """
    window = pagination.window(arguments)
    return pagination.answer(*service.find_page(caller(), window), window)


@keys.get("/api-keys/<id:key_id>")
@keys.response(200, ApiKeySchema)
def get_api_key(key_id: int) -> Any:
    """Read an API key"""
    return service.find(caller(), key_id)


@keys.patch("/api-keys/<id:key_id>")
@keys.arguments(ApiKeyUpdateSchema)
@keys.response(200, ApiKeySchema)
def update_api_key(changes: dict[str, Any], key_id: int) -> Any:
    """Rename an API key, or let it end sooner"""
    read = partial(service.find, caller(), key_id)
    read_only.check(changes, ApiKeySchema, read)
    return service.change(caller(), key_id, changes)


@keys.delete("/api-keys/<id:key_id>")
@keys.response(204)
def revoke_api_key(key_id: int) -> None:
    """Revoke an API key

    It is dead with the next request.
    """
    service.revoke(caller(), key_id)
