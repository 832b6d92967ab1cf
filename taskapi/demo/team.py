"""A small team: the demo account, a member of its project, and an invited account."""

from datetime import timedelta

from taskapi import clock
from taskapi.invitations import service as invitations
from taskapi.projects import service as projects
from taskapi.projects.models import ProjectRole
from taskapi.tasks import bulk
from taskapi.tasks.models import TaskStatus
from taskapi.typing import Caller, Fields
from taskapi.users import service as users

PROJECT = "Garden party"
MEMBER = "demo-kim"
INVITED = "demo-lee"
DAYS = 7


def create(owner: Caller, password: str) -> None:
    """Create two accounts, a project with tasks, a membership and an invitation."""
    member_id = users.create(username=MEMBER, full_name="Kim", password=password).id
    users.create(username=INVITED, full_name="Lee", password=password)
    project_id = projects.create(owner, {"name": PROJECT}).id
    projects.add_member(project_id, member_id, ProjectRole.EDITOR)
    tasks = _tasks(owner.id, member_id)
    created = [fields | {"project_id": project_id} for fields in tasks]
    bulk.run(owner, {"create": created}, dry_run=False)
    invitation = {"username": INVITED, "role": ProjectRole.EDITOR}
    invitations.create(owner, project_id, invitation | {"expires_in_days": DAYS})


def _tasks(owner_id: int, member_id: int) -> list[Fields]:
    today = clock.now().date()
    return [
        {
            "title": "Invite all families",
            "assignee_id": owner_id,
            "status": TaskStatus.COMPLETED,
        },
        {
            "title": "Borrow tables",
            "assignee_id": owner_id,
            "due_date": today + timedelta(days=6),
        },
        {
            "title": "Order drinks",
            "assignee_id": member_id,
            "due_date": today + timedelta(days=3),
            "tags": ["shopping"],
        },
        {"title": "Bake bread", "assignee_id": member_id, "tags": ["kitchen"]},
        {"title": "Find a rain date"},
    ]
