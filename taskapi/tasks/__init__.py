"""Tasks with subtasks, tags and search."""
