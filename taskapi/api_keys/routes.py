"""HTTP operations of API keys."""

from functools import partial

from taskapi.api_keys import creation, service
from taskapi.api_keys.models import MAX_KEYS, ApiKeyRow
from taskapi.api_keys.schemas import (
    ApiKeyCreatedSchema,
    ApiKeyPageSchema,
    ApiKeySchema,
    ApiKeyUpdateSchema,
)
from taskapi.typing import Fields
from taskapi.web import conditional, pagination
from taskapi.web.api import PREFIX, Blueprint
from taskapi.web.authentication import caller
from taskapi.web.pagination import PageResponse

keys = Blueprint(
    "api-keys", "API keys, with which scripts access your account.", limit="default"
)


@keys.post("/api-keys")
@keys.arguments(ApiKeySchema)
@keys.response(201, ApiKeyCreatedSchema, headers={"Location": "Location"})
@keys.problems("limit-reached", limit=MAX_KEYS)
def create_api_key(fields: Fields) -> tuple[Fields, dict[str, str]]:
    """Create an API key

    Only this response contains `api_key`; store it now. Without `scopes` the key can
    read and write tasks. `project_id` restricts it to one of your projects, and cannot
    be changed. An account can have 50 keys, including expired ones.
    """
    key, text = creation.create(caller(), fields)
    location = {"Location": f"{PREFIX}/api-keys/{key.id}"}
    return key._asdict() | {"api_key": text}, location


@keys.get("/api-keys")
@keys.arguments(pagination.PageArguments, location="query")
@keys.response(200, ApiKeyPageSchema, headers={"Link": "Link"})
@keys.problems("invalid-cursor")
def list_api_keys(arguments: Fields) -> PageResponse:
    """List your API keys

    Newest first.
    """
    page = pagination.page_request(arguments)
    return pagination.page_response(*service.find_page(caller(), page), page)


@keys.get("/api-keys/<id:key_id>")
@keys.response(200, ApiKeySchema)
def get_api_key(key_id: int) -> ApiKeyRow:
    """Get an API key"""
    return service.get(caller(), key_id)


@keys.patch("/api-keys/<id:key_id>")
@keys.arguments(ApiKeyUpdateSchema)
@keys.response(200, ApiKeySchema)
def update_api_key(changes: Fields, key_id: int) -> ApiKeyRow:
    """Rename an API key, or make it expire sooner"""
    read = partial(service.get, caller(), key_id)
    conditional.check_read_only(changes, ApiKeySchema, read)
    return service.change(caller(), key_id, changes)


@keys.delete("/api-keys/<id:key_id>", ends_caller=True)
@keys.response(204)
def revoke_api_key(key_id: int) -> None:
    """Revoke an API key

    Requests with this key are rejected from now on.
    """
    service.revoke(caller(), key_id)
