"""The data of the benchmark and the names of the schema that it depends on.

All names of tables and columns that the benchmark itself uses are in this module. The
peers import them too, so it imports nothing.
"""

SEARCH_COLUMN = "terms"
LOGIN_ATTEMPTS_TABLE = "login_attempts"
WRITTEN_TABLES = ("tasks", "task_tags", "sessions", "users", LOGIN_ATTEMPTS_TABLE)

TASK_FIELDS = (
    *("id", "owner_id", "parent_id", "external_id", "title", "description", "status"),
    *("priority", "due_date", "tags", "is_overdue", "progress", "subtask_count"),
    *("completed_at", "deleted_at", "version", "created_at", "updated_at"),
)
"""Only these members of a task are compared between servers, so that a new field of
the product does not require a change of the peers."""

SIZES = (10, 1_000, 100_000, 1_000_000)
SMALL_SIZES = (10, 1_000, 20_000)
MAIN_SIZE = 1_000
PATCHED_TASKS = 500
"""The number of tasks, the oldest ones, that the main run reads and changes."""

MEMBERSHIPS = (1, 13, 200)
"""Projects of the accounts whose lists are compared."""

PROJECT_TASKS, SMALL_PROJECT_TASKS = 2_000, 50
"""Tasks of each of their projects."""

RARE_TERM = "rarest"
RARE_EVERY = 300
MISSING_TERM = "zzzz"
UNUSED_STATUS = "cancelled"
PASSWORD = "water all plants daily"  # noqa: S105 - of accounts of the benchmark
BURST_LOGINS = [
    {"username": f"visitor-{number}", "password": PASSWORD} for number in range(32)
]
NEW_TASK = {
    "title": "Water the plants",
    "description": "The ones on the balcony first; those in the hall need less.",
    "priority": "high",
}

COLUMNS = f"""project_id, owner_id, title, description, {SEARCH_COLUMN}, status,
    priority, due_at, due_is_day, completed_at, version, created_at, updated_at"""
TEXTS = """'Task number ' || n,
    'Some words about ' || w || ' and ' || x
        || ' to make it seventy five characters long'
        || CASE WHEN n % {every} = 0 THEN ' {rare}' ELSE '' END"""
STATUS = """
    CASE n % 4 WHEN 0 THEN 'completed' WHEN 1 THEN 'in_progress' ELSE 'todo' END,
    1 + n % 3"""
NUMBERS = """
    SELECT n, 'w' || (n * 7919 % 5000) AS w, 'x' || (n * 104729 % 7000) AS x FROM"""

INSERT_TASKS = {
    "postgresql": f"""
INSERT INTO tasks ({COLUMNS})
SELECT {{project}}, {{owner}}, {TEXTS},
    (SELECT array_to_tsvector(array_agg(DISTINCT '{{project}}@' || word))
        FROM unnest(ARRAY['task', 'number', n::text, 'some', 'words', 'about', w, x,
        'and', 'to', 'make', 'it', 'seventy', 'five', 'characters', 'long',
        CASE WHEN n % {{every}} = 0 THEN '{{rare}}' END]) AS word
        WHERE word IS NOT NULL),
    {STATUS},
    CASE WHEN n % 3 > 0 THEN start + (n % 700) * interval '1 day' END, n % 6 = 4,
    CASE WHEN n % 4 = 0 THEN start + n * interval '7 seconds' END, 1,
    start + n * interval '7 seconds', start + n * interval '7 seconds'
FROM ({NUMBERS} generate_series(1::bigint, {{number}}) AS n) AS numbers,
    (SELECT timestamptz '2026-01-01 00:00:00+00' AS start) AS first
""",
    "sqlite": f"""
INSERT INTO tasks ({COLUMNS})
WITH RECURSIVE counter(n) AS
    (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {{number}})
SELECT {{project}}, {{owner}}, {TEXTS},
    '{{project}}@' || replace('task number ' || n || ' some words about ' || w
        || ' ' || x || ' and to make it seventy five characters long'
        || CASE WHEN n % {{every}} = 0 THEN ' {{rare}}' ELSE '' END,
        ' ', ' {{project}}@'),
    {STATUS},
    CASE WHEN n % 3 > 0
        THEN date('2026-01-01', (n % 700) || ' days') || ' 00:00:00.000000' END,
    n % 6 = 4,
    CASE WHEN n % 4 = 0
        THEN datetime('2026-01-01', (n * 7) || ' seconds') || '.000000' END, 1,
    datetime('2026-01-01', (n * 7) || ' seconds') || '.000000',
    datetime('2026-01-01', (n * 7) || ' seconds') || '.000000'
FROM ({NUMBERS} counter)
""",
}
INSERT_PROJECT = """
INSERT INTO projects (name, version, created_at, updated_at)
VALUES ('Shared', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')
"""
INSERT_MEMBERSHIPS = """
INSERT INTO memberships (user_id, project_id, role, created_at)
SELECT {user}, id, 2, '2026-01-01 00:00:00'
FROM (SELECT id FROM projects WHERE personal_user_id IS NULL ORDER BY id LIMIT {number})
    AS shared
"""
ASSIGN_TASKS = """
UPDATE tasks SET assignee_id = {user} WHERE id % 100 = 7 AND project_id IN
    (SELECT project_id FROM memberships WHERE user_id = {user})
"""
INSERT_TAGS = """
INSERT INTO task_tags (task_id, key, name, project_id)
SELECT id, '{name}', '{name}', project_id FROM tasks WHERE id % {every} = 0
"""
COMMON_TAG_EVERY, RARE_TAG_EVERY = 20, 20_000
REOPEN_TASKS = """
UPDATE tasks SET status = 'todo', completed_at = NULL
WHERE id BETWEEN {first} AND {last}
"""
DELETE_WRITTEN = (
    "DELETE FROM tasks WHERE id > {last}",
    f"DELETE FROM {LOGIN_ATTEMPTS_TABLE}",
    "DELETE FROM sessions WHERE id NOT IN "
    "(SELECT min(id) FROM sessions GROUP BY user_id)",
)
