"""JSON schemas of projects."""

from taskapi.projects.models import MAX_MEMBERS, NAME_LENGTH, ProjectRole, ProjectRow
from taskapi.web.fields import (
    Choice,
    Count,
    Derived,
    Flag,
    Integer,
    Text,
    Timestamp,
)
from taskapi.web.pagination import PageArguments, page_of
from taskapi.web.query_fields import QueryFlag
from taskapi.web.schema import Schema


class IsPersonal(Derived[ProjectRow], Flag):
    """Whether a project is the personal one of its only member."""

    def derive(self, row: ProjectRow) -> bool:
        """Return whether the project belongs to an account."""
        return row.personal_user_id is not None


class ProjectSchema(Schema):
    """A project."""

    id = Integer(dump_only=True, low=1)
    name = Text(
        low=1, high=NAME_LENGTH, required=True, metadata={"examples": ["Garden"]}
    )
    is_personal = IsPersonal(
        dump_only=True,
        metadata={"description": "Whether it is your personal project."},
    )
    role = Choice(ProjectRole, dump_only=True)
    member_count = Count(high=MAX_MEMBERS, dump_only=True)
    version = Integer(dump_only=True, low=1)
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)
    deleted_at = Timestamp(
        dump_only=True,
        allow_none=True,
        metadata={"description": "The time when it was moved to the trash."},
    )


ProjectPageSchema = page_of(ProjectSchema)


class ProjectListArguments(PageArguments):
    """Filter and page of the list of projects."""

    deleted = QueryFlag(
        load_default=False,
        metadata={"description": "List the projects in the trash that you own."},
    )


class ProjectDeleteArguments(Schema):
    """Query parameters of deleting a project."""

    permanent = QueryFlag(
        load_default=False,
        metadata={"description": "Delete it permanently, also from the trash."},
    )
