"""Introduction of the OpenAPI document, in Markdown."""

TEXT = """Task management for a small team, on your own server.

Create an account with `POST /auth/register`, press **Authorize** and enter your name
and password. Programs send `Authorization: Bearer …` with a token from
`POST /auth/login`, or an API key as `X-API-Key: tsk_…`.

Send the `ETag` of a task back as `If-Match`, and a new `Idempotency-Key` with each
write: no update is lost, and a repeated request is executed once. Lists continue at
`next_cursor`. Every error is a problem (RFC 9457) with a stable `code` and a page that
explains it.

[Guides](/guides) · [Problems](/problems) · [OpenAPI document](/openapi.json)
"""
