"""Demo account with example tasks."""
