"""API keys, with which scripts access an account."""
