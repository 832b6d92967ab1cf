"""Checks of settings, database, files and services, with remedies."""
