"""Idempotency keys: stored responses that are returned to repeated requests."""
