"""The app that gunicorn and the `flask` command load."""

import config
from taskapi import create_app

app = create_app(config.load())
