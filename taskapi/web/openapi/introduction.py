"""Introduction of the OpenAPI document, in Markdown."""

TEXT = """Task management for a small team, on your own server.

Create an account with `POST /auth/register`, press **Authorize** and enter your name
and password. Programs send `Authorization: Bearer …` with a token from
`POST /auth/login`, or an API key as `X-API-Key: tsk_…`.

Tasks belong to projects: your personal one, and those that you share. Lists cover all
of them without `project_id`, and continue at `next_cursor`. Send the `ETag` of a task
back as `If-Match`, and a new `Idempotency-Key` with each write. Every error is a
problem (RFC 9457) with a stable `code` and a page that explains it.

[Guides](/guides) · [Problems](/problems) · [OpenAPI document](/openapi.json)
"""
