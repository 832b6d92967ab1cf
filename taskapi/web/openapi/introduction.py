"""Introduction of the OpenAPI document, in Markdown."""

TEXT = """Task management for a small team, on your own server.

### Authenticate
Create an account with **register**, then press **Authorize** and log in under
*password*; the page keeps the tokens. Programs request an access token with **log_in**
and send `Authorization: Bearer …`, or use an API key with the required scopes and send
`X-API-Key: tsk_…`.

### First task
`POST /api/v1/tasks` with `{"title": "Water the plants"}`. The response contains the
task; `Location` is its URL and `ETag` its version.

### Safe writes
Send the `ETag` back as `If-Match` when you update a task: if another client has changed
it, you get 412 and nothing is lost. Send a new `Idempotency-Key` with each write, and
you can repeat it until you get a response: it is executed once. In an update, fields
that you omit keep their values, and `null` clears a field.

### Lists
A page has `items`, and `next_cursor` if there are more: pass it as `cursor`, or follow
the `Link` header, with the same filters and sort. `include_total=true` counts all
matches.

### Errors
Every error is a problem (RFC 9457) with a stable `code`, a `detail` that says what to
do, and a page about its type at `type`: [all problems](/problems). Quote the
`request_id` when you report a problem to the operator. After 429 and 503 wait for the
number of seconds in `Retry-After`.

The complete document for client generators is at [/openapi.json](/openapi.json).
"""
