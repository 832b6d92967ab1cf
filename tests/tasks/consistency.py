"""Rules that the rows of tasks meet after any requests, also concurrent ones."""

from flask import Flask

from tests.helpers.sql import execute

ABOVE = """
WITH RECURSIVE above (start, id, n) AS (
  SELECT id, parent_id, 1 FROM tasks WHERE parent_id IS NOT NULL
  UNION ALL
  SELECT above.start, tasks.parent_id, above.n + 1 FROM above
  JOIN tasks ON tasks.id = above.id WHERE tasks.parent_id IS NOT NULL AND above.n < 12)
SELECT start FROM above WHERE n > 9
"""
BROKEN = {
    "tree in two projects": "SELECT t.id FROM tasks t JOIN tasks p "
    "ON p.id = t.parent_id WHERE p.project_id <> t.project_id",
    "task below one in the trash": "SELECT t.id FROM tasks t JOIN tasks p "
    "ON p.id = t.parent_id WHERE t.deleted_at IS NULL AND p.deleted_at IS NOT NULL",
    "cycle or tree that is too deep": ABOVE,
    "assignee that is not a member": "SELECT t.id FROM tasks t "
    "WHERE t.assignee_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM memberships m "
    "WHERE m.project_id = t.project_id AND m.user_id = t.assignee_id)",
    "tag of another project": "SELECT g.task_id FROM task_tags g "
    "LEFT JOIN tasks t ON t.id = g.task_id "
    "WHERE t.id IS NULL OR t.project_id <> g.project_id",
    "task without a project": "SELECT t.id FROM tasks t "
    "WHERE NOT EXISTS (SELECT 1 FROM projects p WHERE p.id = t.project_id)",
    "project without an owner": "SELECT p.id FROM projects p WHERE NOT EXISTS "
    "(SELECT 1 FROM memberships m WHERE m.project_id = p.id AND m.role = 3)",
    "wrong number of tasks": "SELECT u.id FROM users u WHERE u.task_count <> "
    "(SELECT count(*) FROM tasks t WHERE t.owner_id = u.id)",
}


def broken_rules(app: Flask) -> dict[str, list[int]]:
    """Return the ids of the rows that break a rule, by rule."""
    found = {rule: execute(app, query) for rule, query in BROKEN.items()}
    return {rule: [row[0] for row in rows] for rule, rows in found.items() if rows}
