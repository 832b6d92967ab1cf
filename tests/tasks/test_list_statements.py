"""The statements of lists: their number, and joins with projects."""

import pytest

from tests.helpers.client import Client
from tests.projects.support import restricted_key, with_session
from tests.tasks.teams import Team

TREE = {"tags": ["a", "b"], "subtasks": [{"title": "x", "tags": ["c"]}] * 5}


@pytest.fixture
def rich(ann: Client) -> int:
    """Return the id of one of several tasks with tags and subtasks."""
    made = [ann.create_task(**TREE) for _ in range(4)]
    return int(made[0]["id"])


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("tasks?sort=title", 2),
        ("tasks?tag=a&tag=b", 2),
        ("tasks?parent_id=none", 2),
        ("tasks?parent_id={id}", 2),
        ("tasks?q=water+plants&sort=due_date", 2),
        ("tasks?deleted=true", 2),
        ("tasks?external_id=x", 2),
        ("tasks?tag=c&q=x&parent_id={id}&include_total=true", 3),
        ("tags?offset=0", 2),
        ("tags?include_total=true", 3),
    ],
)
def test_list_needs_a_constant_number_of_statements(
    ann: Client, rich: int, statements: list[str], path: str, count: int
) -> None:
    address = path.format(id=rich)
    statements.clear()

    pages = [ann.get(f"{address}&limit={limit}") for limit in (1, 100)]

    assert [page.status_code for page in pages] == [200, 200]
    assert len(statements) == 2 * count


@pytest.mark.one_database
def test_list_of_one_project_joins_no_projects(
    team: Team, statements: list[str]
) -> None:
    of_all, of_one = "tasks?limit=1", f"tasks?limit=1&project_id={team.project_id}"
    key, other = (restricted_key(team.viewer, team.project_id) for _ in "12")
    requests = [
        (team.outsider, of_all),
        (team.viewer, of_all),
        (team.viewer, of_one),
        (key, of_all),
        (with_session(other, team.viewer), of_all),
    ]

    joins = []
    for client, path in requests:
        assert client.get(path).status_code == 200
        joins.append(" JOIN " in statements[-1])

    assert joins == [False, True, False, False, False]


@pytest.mark.parametrize("query", ["", "?expand=subtasks"])
def test_task_needs_one_read(
    ann: Client, rich: int, statements: list[str], query: str
) -> None:
    statements.clear()

    response = ann.get(f"tasks/{rich}{query}")

    assert response.json["subtask_count"] == 5
    assert len(statements) == 2
