"""Health checks and the description of the service."""

from taskapi import passwords
from taskapi.api_keys.models import MAX_KEYS
from taskapi.auth.models import MAX_SESSIONS
from taskapi.mail import smtp
from taskapi.system import service
from taskapi.system.schemas import HealthSchema, LivenessSchema, ServiceInfoSchema
from taskapi.typing import Fields
from taskapi.web import parsing, proxies
from taskapi.web.api import PREFIX, VERSION, Blueprint
from taskapi.web.pagination import MAX_LIMIT, MAX_OFFSET
from taskapi.web.settings import settings

NOT_READY = {
    "status": "unavailable",
    "checks": {"database": "ok", "migrations": "failed"},
    "remedy": service.REMEDIES["migrations"],
}

system = Blueprint("system", "Health, limits and links of the service.", prefix="")
system.after_request(proxies.report)


@system.get("/health", public=True, any_query=True)
@system.response(200, HealthSchema)
@system.alt_response(
    503,
    schema=HealthSchema,
    description="Not ready",
    example=NOT_READY,
    headers={"Retry-After": "Retry-After"},
)
def get_health() -> Fields | tuple[Fields, int, dict[str, str]]:
    """Check readiness

    Returns 200 if the service is ready, else 503 with a `remedy` for the operator.
    Query parameters are ignored, since some monitors add them to bypass caches.
    """
    checks = service.checks()
    remedy = service.remedy(checks)
    if remedy is None:
        return {"status": "ok", "checks": checks}
    body = {"status": "unavailable", "checks": checks, "remedy": remedy}
    return body, 503, {"Retry-After": "1"}


@system.get("/health/live", public=True, any_query=True)
@system.response(200, LivenessSchema)
def get_liveness() -> dict[str, str]:
    """Check liveness

    Returns 200 while the process responds; nothing else is checked. Query parameters
    are ignored.
    """
    return {"status": "ok"}


@system.get(PREFIX, public=True)
@system.response(200, ServiceInfoSchema)
def get_service_info() -> Fields:
    """Describe the service

    Returns the name, the version, the enabled features, the limits and links.
    """
    return {
        "name": "taskapi",
        "version": VERSION,
        "features": _features(),
        "limits": _limits(),
        "links": service.links(with_docs=settings.docs_enabled),
    }


def _features() -> dict[str, bool]:
    return {
        "registration": settings.registration == "open",
        "require_if_match": settings.require_if_match,
        "require_verified_email": settings.require_verified_email,
        "mail": smtp.is_on(),
    }


def _limits() -> dict[str, int]:
    return {
        "body_bytes": parsing.MAX_BYTES,
        "page": MAX_LIMIT,
        "offset": MAX_OFFSET,
        "tasks": settings.max_tasks_per_user,
        "password_min_length": settings.password_min_length,
        "password_max_length": passwords.MAX_LENGTH,
        "api_keys_per_account": MAX_KEYS,
        "sessions_per_account": MAX_SESSIONS,
    }
