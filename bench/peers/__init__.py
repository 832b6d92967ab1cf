"""Servers that taskapi is compared with; they use the same tables and paths."""
