"""A task management API that a small team hosts itself."""

from taskapi.app import create_app

__all__ = ["create_app"]
