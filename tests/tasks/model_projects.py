"""Projects of the model, and the roles of their members."""

ROLES = ["viewer", "editor", "owner"]


class Projects:
    """Projects by their ids; those in the trash are in `deleted`."""

    def __init__(self) -> None:
        self.roles: dict[int, dict[int, str]] = {}
        self.personal: dict[int, int] = {}
        self.deleted: set[int] = set()

    def add_personal(self, project_id: int, account: int) -> None:
        """Add the personal project of an account."""
        self.personal[account] = project_id
        self.roles[project_id] = {account: "owner"}

    def role(self, project_id: int, account: int) -> str | None:
        """Return the role of an account, or None if it does not see the project."""
        if project_id in self.deleted:
            return None
        return self.roles.get(project_id, {}).get(account)

    def can_write(self, project_id: int, account: int) -> bool:
        """Return whether an account may change the tasks of a project."""
        return self.role(project_id, account) in {"editor", "owner"}
