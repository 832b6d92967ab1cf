// The steps of every client, with types of openapi-typescript and openapi-fetch.
import createClient from "openapi-fetch";
import type { paths } from "./made";

const [address = "", username = "", password = ""] = process.argv.slice(2);
const { GET, PATCH, POST, use } = createClient<paths>({ baseUrl: address });

async function main() {
  const user = await POST("/api/v1/auth/register", { body: { username, password } });
  const login = await POST("/api/v1/auth/login", { body: { username, password } });
  if (login.error) throw new Error(login.error.detail);
  const authorization = `Bearer ${login.data.access_token}`;
  use({ onRequest: ({ request }) => request.headers.set("Authorization", authorization) });

  const header = { "Idempotency-Key": "sow" };
  const body = { title: "Sow", description: "Carrots" };
  const made = await POST("/api/v1/tasks", { body, params: { header } });
  const again = await POST("/api/v1/tasks", { body, params: { header } });
  if (made.error) throw new Error(made.error.detail);
  const task = made.data;
  for (const title of ["Water", "Weed"]) await POST("/api/v1/tasks", { body: { title } });

  const path = { task_id: task.id };
  const version = { path, header: { "If-Match": made.response.headers.get("ETag") ?? "" } };
  const changed = await PATCH("/api/v1/tasks/{task_id}", { params: version, body: { description: null } });
  const stale = await PATCH("/api/v1/tasks/{task_id}", { params: version, body: { title: "Dig" } });

  const titles: string[] = [];
  let cursor: string | null | undefined;
  do {
    const status: ("todo" | "in_progress")[] = ["todo", "in_progress"];
    const filters = { limit: 2, status, created_after: task.created_at };
    const page = await GET("/api/v1/tasks", { params: { query: cursor ? { ...filters, cursor } : filters } });
    if (page.error) throw new Error(page.error.detail);
    titles.push(...page.data.items.map((one) => one.title));
    cursor = page.data.next_cursor;
  } while (cursor);

  const exported = await GET("/api/v1/users/me/export", { params: { query: { format: "csv" } }, parseAs: "text" });
  const imported = await POST("/api/v1/users/me/import", {
    body: "title\r\nHarvest\r\n",
    bodySerializer: (text) => text,
    headers: { "Content-Type": "text/csv" },
  });
  const untitled = await POST("/api/v1/tasks", { body: { title: "" } });

  console.log(
    JSON.stringify({
      registered: user.data?.username,
      repeated: task.id === again.data?.id && again.response.headers.get("Idempotency-Replayed"),
      cleared: changed.data?.description,
      stale: [stale.error?.code, stale.error?.current_version],
      listed: titles.sort(),
      exported: exported.data?.trim().split("\r\n").length,
      imported: imported.data?.created,
      problem: [untitled.error?.code, untitled.error?.errors?.[0]?.pointer, untitled.error?.errors?.[0]?.code],
    }),
  );
}

void main();
