"""Who may call an operation, and how often: the same facts guard and document it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from taskapi import db
from taskapi.errors import NotFound
from taskapi.scopes import Scope
from taskapi.web import authentication, in_progress, rate_limits

SESSION: list[dict[str, list[str]]] = [{"bearer": []}, {"password": []}]


@dataclass(frozen=True, slots=True)
class Access:
    """The conditions of one operation; without a scope it is for sessions only."""

    public: bool
    scope: Scope | None
    takes_keys: bool
    limit: str
    ends_caller: bool = False

    def check(self) -> None:
        """Find the caller and count the request, or refuse it."""
        if not self.public:
            authentication.require(self.scope, takes_keys=self.takes_keys)
        rate_limits.count(self.limit)
        if not self.public:
            in_progress.begin()

    @contextmanager
    def confirmed(self) -> Iterator[None]:
        """Confirm the caller before what the block has written is committed.

        Statements of operations that may end the caller's own credentials name these
        themselves; when they affect no row, the confirmation finds the cause.
        """
        try:
            yield
        except NotFound:
            self._confirm()
            raise
        if not self.ends_caller:
            self._confirm()

    def _confirm(self) -> None:
        if not self.public and db.in_transaction():
            authentication.confirm(self.scope)

    def problems(self) -> list[str]:
        """Return the codes of what it may refuse."""
        limited = ["rate-limited"] if self.limit else []
        if self.public:
            return limited
        if self.scope is None:
            return ["token-missing", "session-required", *limited]
        return ["token-missing", "insufficient-scope", *limited]

    def security(self) -> list[dict[str, list[str]]]:
        """Return the security requirements of OpenAPI; any one of them does."""
        if self.public:
            return []
        return SESSION + ([{"apiKey": [self.scope]}] if self.scope else [])

    def remark(self) -> str:
        """Return what a description adds about it."""
        if self.public:
            return ""
        if self.scope is None:
            return "For login sessions only; API keys are refused."
        return f"API keys need the scope `{self.scope}`."
