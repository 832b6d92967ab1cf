"""HTTP operations of projects."""

from functools import partial

from taskapi.projects import service, trash
from taskapi.projects.models import MAX_MEMBERSHIPS, ShownProjectRow
from taskapi.projects.schemas import (
    ProjectDeleteArguments,
    ProjectListArguments,
    ProjectPageSchema,
    ProjectSchema,
)
from taskapi.scopes import Scope
from taskapi.typing import Fields
from taskapi.web import conditional, pagination
from taskapi.web.api import PREFIX, Blueprint
from taskapi.web.authentication import caller
from taskapi.web.conditional import ExpectedVersions, Headers, Resource
from taskapi.web.idempotency import idempotent
from taskapi.web.pagination import PageResponse

projects = Blueprint(
    "projects",
    "Projects, which contain tasks and have members.",
    limit="default",
    accepts_keys=True,
)

READ = Scope.TASKS_READ


@projects.post("/projects")
@projects.arguments(ProjectSchema)
@idempotent
@projects.response(201, ProjectSchema, headers={"Location": "Location", "ETag": "ETag"})
@projects.problems("limit-reached", limit=MAX_MEMBERSHIPS)
def create_project(fields: Fields) -> tuple[Resource, Headers]:
    """Create a project

    You are its owner. An account can be a member of 200 projects, including those in
    the trash.
    """
    project = service.create(caller(), fields)
    return conditional.created(project, f"{PREFIX}/projects/{project.id}")


@projects.get("/projects", scope=READ)
@projects.arguments(ProjectListArguments, location="query")
@projects.response(200, ProjectPageSchema, headers={"Link": "Link"})
@projects.problems("invalid-cursor")
def list_projects(arguments: Fields) -> PageResponse:
    """List your projects

    The personal project is first, then all others of which you are a member, by name.
    """
    page = pagination.page_request(arguments)
    rows, total = service.find_page(caller(), page, **arguments)
    return pagination.page_response(rows, total, page, service.position)


@projects.get("/projects/<id:project_id>", scope=READ)
@projects.response(200, ProjectSchema)
@conditional.read
def get_project(project_id: int) -> ShownProjectRow:
    """Get a project"""
    return service.get(caller(), project_id)


@projects.route(
    "/projects/<id:project_id>", methods=["PATCH", "PUT"], accepts_restricted=True
)
@projects.arguments(ProjectSchema(partial=True))
@idempotent
@projects.response(200, ProjectSchema)
@projects.problems("role-required")
@conditional.write
def update_project(
    changes: Fields, project_id: int, versions: ExpectedVersions
) -> ShownProjectRow:
    """Update a project

    Only owners can do this. PUT does the same as PATCH.
    """
    read = partial(service.get, caller(), project_id)
    versions = conditional.check_read_only(changes, ProjectSchema, read, versions)
    return service.change(caller(), project_id, changes, versions)


@projects.delete("/projects/<id:project_id>", accepts_restricted=True)
@projects.arguments(ProjectDeleteArguments, location="query")
@idempotent
@projects.response(204)
@projects.problems("role-required", "personal-project")
@conditional.write
def delete_project(
    arguments: Fields, project_id: int, versions: ExpectedVersions
) -> None:
    """Delete a project

    The project is moved to the trash. It and its tasks are invisible to all members
    until an owner restores it. Only owners can do this.
    """
    trash.remove(caller(), project_id, versions, **arguments)


@projects.post("/projects/<id:project_id>/restore", accepts_restricted=True)
@idempotent
@projects.response(200, ProjectSchema)
@projects.problems("role-required")
@conditional.write
def restore_project(project_id: int, versions: ExpectedVersions) -> ShownProjectRow:
    """Restore a project

    Its members and tasks are as they were. Only owners can do this.
    """
    return trash.restore(caller(), project_id, versions)
