"""Invitations to projects: by username, by verified email, or by token."""
