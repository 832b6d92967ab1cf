"""Back into an account by mail: new passwords and verified emails."""
