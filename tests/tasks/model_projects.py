"""Projects of the model, and the roles of their members."""

from collections.abc import Mapping

from tests.tasks.model_errors import Rejected, reject

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

    def check_targets(self, targets: Mapping[str, int], me: int) -> None:
        """Reject projects that an account does not see or may not write."""
        absent = [place for place, one in targets.items() if not self.role(one, me)]
        reject(422, "validation-error", [f"{place}/project_id" for place in absent])
        projects = {f"{place}/project_id": one for place, one in targets.items()}
        self.check_writable(projects, me)

    def check_writable(self, projects: Mapping[str, int], me: int) -> None:
        """Reject locations whose project an account may only view."""
        viewed = [p for p, one in projects.items() if self.role(one, me) == "viewer"]
        if viewed:
            places = [place for place in viewed if place != "#"]
            raise Rejected(403, "role-required", places)

    def change_role(self, project: int, account: int, role: str, me: int) -> None:
        """Change the role of a member."""
        self._check_member(project, account, role, me)
        self.roles[project][account] = role

    def remove(self, project: int, account: int, me: int) -> None:
        """Remove a member; anyone may leave."""
        self._check_member(project, account, None, me)
        del self.roles[project][account]

    def delete(self, project: int, me: int) -> None:
        """Move a project to the trash."""
        self._check_owner(project, me)
        if project in self.personal.values():
            raise Rejected(409, "personal-project")
        self.deleted.add(project)

    def restore(self, project: int, me: int) -> None:
        """Restore a project from the trash."""
        if project in self.deleted and self.roles[project].get(me) != "owner":
            raise Rejected(404, "not-found")
        self.deleted.discard(project)
        self._check_owner(project, me)

    def _check_owner(self, project: int, me: int) -> None:
        if not self.role(project, me):
            raise Rejected(404, "not-found")
        if self.role(project, me) != "owner":
            raise Rejected(403, "role-required")

    def _check_member(
        self, project: int, account: int, role: str | None, me: int
    ) -> None:
        members = self.roles[project]
        if not self.role(project, me):
            raise Rejected(404, "not-found")
        if account in members and project in self.personal.values():
            raise Rejected(409, "personal-project")
        if account not in members or role or account != me:
            self._check_owner(project, me)
        if account not in members:
            raise Rejected(404, "not-found")
        owners = [one for one in members if members[one] == "owner"]
        if owners == [account] and role != "owner":
            raise Rejected(409, "last-owner")
