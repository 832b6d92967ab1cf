"""Health checks, documentation and problem pages."""
