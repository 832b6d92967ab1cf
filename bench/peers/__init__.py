"""What taskapi is measured against; each serves the same paths from the same tables."""
