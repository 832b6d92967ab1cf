"""The first administrator, created when the service starts."""

import structlog
from sqlalchemy import select

from taskapi import db
from taskapi.console import error_message, load
from taskapi.errors import AlreadyExists, Invalid
from taskapi.server.command_line import flask_command
from taskapi.users import service as users
from taskapi.users.models import USER_NOT_DELETED, Role, User
from taskapi.users.schemas import UserCreateSchema
from taskapi.web.settings import settings

log = structlog.get_logger()

ADMINISTRATOR = select(User.id).where(User.role == Role.ADMIN, USER_NOT_DELETED)
COMMAND = "users create --admin"


def create() -> None:
    """Create the administrator of the settings if there is no administrator.

    An existing account is not promoted: anyone may have registered it.
    """
    if not settings.first_admin_email or db.read(ADMINISTRATOR.limit(1)):
        return
    fields = {
        "email": settings.first_admin_email,
        "password": settings.first_admin_password,
    }
    try:
        values = load(UserCreateSchema(), fields)
        users.create(**values, role=Role.ADMIN, email_verified=True)
    except (AlreadyExists, Invalid) as problem:
        if not db.read(ADMINISTRATOR.limit(1)):  # else another worker was faster
            log.warning("first administrator not created", cause=error_message(problem))
    else:
        log.info("first administrator created")


def warn() -> None:
    """Log the command that creates an administrator, if it is needed."""
    if settings.environment == "development" or settings.first_admin_email:
        return
    if not db.read(ADMINISTRATOR.limit(1)):
        log.warning("no administrator", command=flask_command(COMMAND))
