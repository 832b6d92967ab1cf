"""Settings that start, and yet are seldom meant in production."""

from urllib.parse import urlsplit

from werkzeug.sansio.utils import host_is_trusted

from taskapi.doctor.findings import Finding, fail, ok, warn
from taskapi.mail import smtp
from taskapi.web.settings import settings

SECRET_BYTES = 32


def examine() -> list[Finding]:
    """Look at the settings alone."""
    always = [_secret(), _origins(), _hosts(), _figures()]
    if settings.environment != "production":
        text = f"{settings.environment}: settings are not judged as in production"
        remedy = "Set ENVIRONMENT=production where others use it."
        return [warn("environment", text, remedy), *always]
    served = [_address(), _proxies(), _registration(), _rates(), _letters()]
    return [ok("environment", "production"), *always, *served]


def _secret() -> Finding:
    if len(settings.secret_key.encode()) < SECRET_BYTES:
        remedy = "Set SECRET_KEY to 32 random bytes or more."
        return fail("secret", "SECRET_KEY is short enough to be guessed", remedy)
    if settings.secret_key_previous:
        text = "tokens of SECRET_KEY_PREVIOUS are accepted too"
        remedy = f"Remove it {settings.refresh_token_days} days after the change."
        return warn("secret", text, remedy)
    return ok("secret", "SECRET_KEY is long enough")


def _origins() -> Finding:
    open_ones = [o for o in settings.cors_origins if not _is_private(o)]
    if open_ones:
        text = f"anyone on the way can change the pages of {open_ones[0]}"
        return warn(
            "origins", text, "Serve them by https, and name them so in CORS_ORIGINS."
        )
    named = ", ".join(settings.cors_origins) or "no other"
    return ok("origins", f"pages of {named} may call the API")


def _is_private(origin: str) -> bool:
    host = urlsplit(origin).hostname
    return origin.startswith("https:") or host in {"localhost", "127.0.0.1", "::1"}


def _hosts() -> Finding:
    own = urlsplit(settings.public_url).netloc
    if settings.trusted_hosts:
        if own and not host_is_trusted(own, settings.trusted_hosts):
            text = f"TRUSTED_HOSTS refuses {own}, the host of PUBLIC_URL"
            return fail("host names", text, f"Add {own} to TRUSTED_HOSTS.")
        return ok("host names", f"only {', '.join(settings.trusted_hosts)}")
    if settings.environment == "production":
        remedy = f"Set TRUSTED_HOSTS={own or 'the name that clients use'}."
        return warn("host names", "any host name is served", remedy)
    return ok("host names", "any")


def _figures() -> Finding:
    if not settings.metrics_token:
        return ok("metrics", "off: METRICS_TOKEN is empty")
    return ok("metrics", "at /metrics, for clients that send METRICS_TOKEN")


def _address() -> Finding:
    if not settings.public_url.startswith("https://"):
        shown = settings.public_url or "empty"
        remedy = "Set PUBLIC_URL to the https address that clients use."
        return warn("address", f"PUBLIC_URL is {shown}, so no HSTS is sent", remedy)
    return ok("address", settings.public_url)


def _proxies() -> Finding:
    if settings.trusted_proxies:
        text = f"{settings.trusted_proxies} entries of X-Forwarded-For are trusted"
        return ok("proxies", text)
    text = "TRUSTED_PROXIES is 0: behind a proxy all clients share one address"
    remedy = "Put a proxy in front that buffers, and set TRUSTED_PROXIES."
    return warn("proxies", text, remedy)


def _registration() -> Finding:
    if settings.registration == "open":
        remedy = "Set REGISTRATION=closed when everybody has an account."
        return warn("registration", "anyone may make an account", remedy)
    return ok("registration", "closed")


def _rates() -> Finding:
    if not settings.ratelimit_enabled:
        text = "nothing limits how often a client may ask"
        return warn("rate limits", text, "Set RATELIMIT_ENABLED=true.")
    by = "all together" if settings.ratelimit_storage_uri else "each worker by itself"
    return ok("rate limits", f"on, counted by {by}")


def _letters() -> Finding:
    if smtp.is_on() and not settings.app_url:
        remedy = "Set APP_URL to the application that people use."
        return warn("letters", "they hold bare tokens instead of links", remedy)
    where = f"with links to {settings.app_url}" if smtp.is_on() else "off"
    return ok("letters", where)
