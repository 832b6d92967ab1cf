"""Answers that are kept, so that a repeated request is answered and not done again."""
