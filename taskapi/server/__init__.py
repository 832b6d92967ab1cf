"""Serving by gunicorn: worker class, scheduling, draining."""
