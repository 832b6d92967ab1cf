"""The doctor: what goes wrong in practice, and what to do about it."""
