"""The application factory."""

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.utils import import_string

from taskapi import cli, db, maintenance, passwords
from taskapi.admin.routes import admin
from taskapi.api_keys import service as api_keys
from taskapi.api_keys.routes import keys
from taskapi.auth import service as sessions
from taskapi.auth.routes import auth
from taskapi.db import migrations, replica
from taskapi.idempotency import service as responses
from taskapi.import_export.routes import import_export
from taskapi.invitations.routes import invitations
from taskapi.mail import smtp
from taskapi.members.routes import members
from taskapi.observability import logs
from taskapi.projects.routes import projects
from taskapi.recovery.routes import recovery
from taskapi.stats.routes import stats
from taskapi.system.pages import pages
from taskapi.system.routes import system
from taskapi.tasks.routes import tasks
from taskapi.users.routes import users
from taskapi.web import (
    authentication,
    cors,
    idempotency,
    metrics,
    middleware,
    parsing,
    problems,
    proxies,
    rate_limits,
    tokens,
)
from taskapi.web.api import Api
from taskapi.web.authentication import CallerLoaders
from taskapi.web.idempotency import ResponseStore

if TYPE_CHECKING:
    from config import Settings

BLUEPRINTS = [
    auth,
    tasks,
    projects,
    members,
    invitations,
    stats,
    import_export,
    users,
    keys,
    recovery,
    admin,
    system,
]

LOADERS = CallerLoaders(sessions.find_caller, api_keys.find_caller)
RECHECKS = CallerLoaders(
    partial(sessions.find_caller, touch=False), api_keys.find_owner
)


def create_app(settings: "Settings | None" = None) -> Flask:
    """Create an app, by default with the settings of the environment.

    The first request connects to the database.
    """
    settings = settings or _load_settings()
    logs.configure(settings.log_level, settings.log_format)
    app = _configured(settings)
    for module in (db, replica, passwords, smtp, tokens, metrics):
        module.init_app(app, settings)
    migrations.init_app(app)
    authentication.init_app(app, settings, LOADERS, RECHECKS)
    idempotency.init_app(
        app, ResponseStore(responses.begin, responses.reserve, responses.store)
    )
    for module in (rate_limits, middleware):
        module.init_app(app, settings)
    proxies.init_app(app, settings)
    cors.init_app(app, settings)
    problems.init_app(app)
    parsing.init_app(app)
    _register_views(app, settings)
    maintenance.init_app(app, settings)
    cli.init_app(app, settings)
    return app


def _load_settings() -> "Settings":
    """Load `config` by its name, as `app.config.from_object` does.

    The package does not depend on it: applications and tests pass settings in.
    """
    settings: Settings = import_string("config.load")()
    return settings


def _configured(settings: "Settings") -> Flask:
    app = Flask(__name__, static_folder=None)
    app.json = parsing.Json(app)
    app.extensions["settings"] = settings
    app.config.from_mapping({n.upper(): value for n, value in vars(settings).items()})
    app.config["TRUSTED_HOSTS"] = None  # an empty list would reject all; see middleware
    # No sessions in cookies: Flask would create a signer for each request.
    app.config["SECRET_KEY"] = None
    return app


def _register_views(app: Flask, settings: "Settings") -> None:
    """Register the blueprints; each view runs in a transaction with a deadline."""
    api = Api(app, server=_server_url(settings))
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(pages)
    seconds = settings.request_timeout
    views: dict[str, Any] = app.view_functions
    for name, view in views.items():
        views[name] = db.transactional(view, seconds=seconds)


def _server_url(settings: "Settings") -> str:
    """Return the URL in the OpenAPI document; a Host header could name any server."""
    is_development = settings.environment == "development"
    return settings.public_url or (settings.address if is_development else "/")
