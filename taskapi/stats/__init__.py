"""Statistics of tasks and accounts."""
