"""Letters to users: written down with what they are about, sent afterwards."""
