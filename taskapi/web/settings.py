"""The settings of the current app, for routes and `web`."""

from typing import TYPE_CHECKING, cast

from flask import current_app
from werkzeug.local import LocalProxy

if TYPE_CHECKING:
    from config import Settings

settings = cast("Settings", LocalProxy(lambda: current_app.extensions["settings"]))
