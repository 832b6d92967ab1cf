"""The service itself: health, documentation, problem pages."""
