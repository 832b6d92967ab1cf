"""Members of projects: their roles, and their removal."""
