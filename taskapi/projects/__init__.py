"""Projects: their members, and which tasks an account may read and write."""
