"""API keys: how scripts speak for their owner."""
