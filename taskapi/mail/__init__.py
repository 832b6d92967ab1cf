"""Emails: queued in the database, and sent by SMTP."""
