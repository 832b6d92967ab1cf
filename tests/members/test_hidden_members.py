"""Members of a project that the caller cannot see."""

from tests.helpers.client import Client
from tests.projects.support import add_member, create_project
from tests.tasks.query_plans import work

MEMBERS = 30


def test_list_of_a_hidden_project_reads_none_of_its_members(
    ann: Client, bob: Client
) -> None:
    project = create_project(ann)
    for number in range(MEMBERS):
        add_member(project, Client(ann.app, f"user{number}").sign_in(), "viewer")

    hidden = work(bob, f"projects/{project['id']}/members", 404)
    absent = work(bob, f"projects/{2**60}/members", 404)

    assert hidden == absent
