"""Introduction of the OpenAPI document, in Markdown."""

TEXT = """Tasks for a small team, on a server of its own.

### Authenticate
Make an account with **register**, then press **Authorize** and log in under *password*;
the page keeps the tokens. Programs ask **log_in** for an access token and send
`Authorization: Bearer …`, or they have an API key with the scopes that they need and
send `X-API-Key: tsk_…`.

### First task
`POST /api/v1/tasks` with `{"title": "Water the plants"}`. The answer is the task, its
address is in `Location` and its version in `ETag`.

### Safe writes
Send the `ETag` back as `If-Match` when you change a task: if somebody else was faster,
you get 412 and nothing is lost. Send a new `Idempotency-Key` with a write, and you may
repeat it until an answer comes: it is done once. In a change, what you leave out stays
and `null` clears.

### Lists
A page has `items`, and `next_cursor` while there is more: pass it on as `cursor`, or
follow the `Link` header, and keep filters and sort meanwhile. `include_total=true`
counts.

### Errors
Every error is a problem (RFC 9457) with a `code` that stays the same, a sentence about
what to do in `detail`, and a page about its kind at `type`: [all problems](/problems).
Quote `request_id` to who hosts the service. After 429 and 503 wait as `Retry-After`
says.

The whole document is at [/openapi.json](/openapi.json), for generators of
clients.
"""
