"""Administration of all accounts."""
