"""Login sessions and their tokens."""
