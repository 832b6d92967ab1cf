"""Accounts in the hands of administrators."""
