"""What tests of accounts share with those of auth."""

from tests.auth.conftest import twin

__all__ = ["twin"]
