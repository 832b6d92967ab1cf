"""Tasks as files: out of the service, and into it again."""
