"""Backup and restore: whole copies, checked, or none."""
