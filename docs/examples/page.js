// Example page. Add its origin to CORS_ORIGINS of the service.
"use strict";

const session = { address: "", token: "" };
const part = (id) => document.getElementById(id);

async function call(method, path, body, headers = {}) {
  const sent = { ...headers };
  if (session.token) sent.Authorization = `Bearer ${session.token}`;
  if (body) sent["Content-Type"] = "application/json";
  const response = await fetch(`${session.address}/api/v1${path}`, {
    method,
    headers: sent,
    body: body && JSON.stringify(body),
  });
  const content = await response.json();
  if (response.ok) return { content, etag: response.headers.get("ETag") };
  const messages = (content.errors ?? []).map((error) => error.message);
  throw new Error([content.detail, ...messages].join(" "));
}

async function* openTasks() {
  let cursor = "";
  do {
    const { content } = await call("GET", `/tasks?status=todo,in_progress&limit=100${cursor}`);
    yield* content.items;
    cursor = content.next_cursor && `&cursor=${encodeURIComponent(content.next_cursor)}`;
  } while (cursor);
}

async function complete(task) {
  const { etag } = await call("GET", `/tasks/${task.id}`);
  await call("PATCH", `/tasks/${task.id}`, { status: "completed" }, { "If-Match": etag });
  await show();
}

function line(task) {
  const button = document.createElement("button");
  button.textContent = "Done";
  button.addEventListener("click", () => attempt(() => complete(task)));
  const item = document.createElement("li");
  item.append(task.title, " ", button);
  return item;
}

async function show() {
  const lines = [];
  for await (const task of openTasks()) lines.push(line(task));
  part("tasks").replaceChildren(...lines);
}

async function logIn(fields) {
  session.address = fields.get("address");
  const { content } = await call("POST", "/auth/login", {
    username: fields.get("username"),
    password: fields.get("password"),
  });
  session.token = content.access_token;
  part("login").hidden = true;
  part("new").hidden = false;
  await show();
}

async function add(fields, form) {
  const key = { "Idempotency-Key": crypto.randomUUID() };
  await call("POST", "/tasks", { title: fields.get("title") }, key);
  form.reset();
  await show();
}

async function attempt(action) {
  part("problem").textContent = "";
  try {
    await action();
  } catch (error) {
    part("problem").textContent = error.message;
  }
}

for (const [id, action] of [["login", logIn], ["new", add]]) {
  part(id).addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => action(new FormData(event.target), event.target));
  });
}
