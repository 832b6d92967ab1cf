"""Backup and restore of the database, verified and atomic."""
