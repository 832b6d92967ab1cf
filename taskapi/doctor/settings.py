"""Checks of valid settings that are rarely intended in production."""

from urllib.parse import urlsplit

from werkzeug.sansio.utils import host_is_trusted

from taskapi.doctor.findings import Finding, fail, ok, warn
from taskapi.mail import smtp
from taskapi.web.settings import settings

MIN_SECRET_BYTES = 32


def check() -> list[Finding]:
    """Check the settings alone."""
    always = [_check_secret(), _check_origins(), _check_hosts(), _check_metrics()]
    if settings.environment != "production":
        message = f"{settings.environment}: settings for production are not checked"
        remedy = "Set ENVIRONMENT=production if other people use this instance."
        return [warn("environment", message, remedy), *always]
    return [
        ok("environment", "production"),
        *always,
        _check_address(),
        _check_proxies(),
        _check_registration(),
        _check_rate_limits(),
        _check_emails(),
    ]


def _check_secret() -> Finding:
    if len(settings.secret_key.encode()) < MIN_SECRET_BYTES:
        remedy = f"Set SECRET_KEY to at least {MIN_SECRET_BYTES} random bytes."
        return fail("secret", "SECRET_KEY is too short to be secure", remedy)
    if settings.secret_key_previous:
        message = "tokens signed with SECRET_KEY_PREVIOUS are still accepted"
        remedy = f"Remove it {settings.refresh_token_days} days after the change."
        return warn("secret", message, remedy)
    return ok("secret", "SECRET_KEY is long enough")


def _check_origins() -> Finding:
    insecure = [o for o in settings.cors_origins if not _is_secure(o)]
    if insecure:
        message = f"pages of {insecure[0]} can be changed in transit"
        remedy = "Serve them over https, and use https origins in CORS_ORIGINS."
        return warn("origins", message, remedy)
    origins = ", ".join(settings.cors_origins) or "no other origin"
    return ok("origins", f"pages of {origins} may call the API")


def _is_secure(origin: str) -> bool:
    host = urlsplit(origin).hostname
    return origin.startswith("https:") or host in {"localhost", "127.0.0.1", "::1"}


def _check_hosts() -> Finding:
    own = urlsplit(settings.public_url).netloc
    if settings.trusted_hosts:
        if own and not host_is_trusted(own, settings.trusted_hosts):
            message = f"TRUSTED_HOSTS rejects {own}, the host of PUBLIC_URL"
            return fail("host names", message, f"Add {own} to TRUSTED_HOSTS.")
        return ok("host names", f"only {', '.join(settings.trusted_hosts)}")
    if settings.environment == "production":
        remedy = f"Set TRUSTED_HOSTS={own or 'the host name that clients use'}."
        return warn("host names", "requests for any host name are accepted", remedy)
    return ok("host names", "any")


def _check_metrics() -> Finding:
    if not settings.metrics_token:
        return ok("metrics", "disabled: METRICS_TOKEN is empty")
    return ok("metrics", "at /metrics, for clients that send METRICS_TOKEN")


def _check_address() -> Finding:
    if not settings.public_url.startswith("https://"):
        message = f"PUBLIC_URL is {settings.public_url or 'empty'}: HSTS is not sent"
        remedy = "Set PUBLIC_URL to the https address that clients use."
        return warn("address", message, remedy)
    return ok("address", settings.public_url)


def _check_proxies() -> Finding:
    if settings.trusted_proxies:
        message = f"{settings.trusted_proxies} entries of X-Forwarded-For are trusted"
        return ok("proxies", message)
    message = "TRUSTED_PROXIES is 0: behind a proxy all clients share one address"
    remedy = "Use a proxy that buffers requests, and set TRUSTED_PROXIES."
    return warn("proxies", message, remedy)


def _check_registration() -> Finding:
    if settings.registration == "open":
        remedy = "Set REGISTRATION=closed when all users have an account."
        return warn("registration", "anyone can create an account", remedy)
    return ok("registration", "closed")


def _check_rate_limits() -> Finding:
    if not settings.ratelimit_enabled:
        message = "clients can send any number of requests"
        return warn("rate limits", message, "Set RATELIMIT_ENABLED=true.")
    scope = "all instances" if settings.ratelimit_storage_uri else "each worker"
    return ok("rate limits", f"enabled, counted by {scope}")


def _check_emails() -> Finding:
    if not smtp.is_on():
        return ok("emails", "disabled")
    if not settings.app_url:
        remedy = "Set APP_URL to the address of the application that people use."
        return warn("emails", "emails contain tokens instead of links", remedy)
    return ok("emails", f"with links to {settings.app_url}")
