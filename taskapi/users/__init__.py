"""User accounts, and limits of login attempts."""
