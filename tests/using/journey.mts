// A TypeScript client with types of the OpenAPI document; prints its results as JSON.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.mjs";

type Task = components["schemas"]["Task"];

const [address = "", name = "", password = ""] = process.argv.slice(2);
const { POST, GET, PATCH, use } = createClient<paths>({
  baseUrl: address,
  querySerializer: { array: { style: "form", explode: false } },
});

async function logIn(): Promise<string> {
  await POST("/api/v1/auth/register", { body: { username: name, password } });
  const { data, error } = await POST("/api/v1/auth/login", { body: { username: name, password } });
  if (error) throw new Error(error.detail);
  return data.access_token;
}

async function create(title: string, key: string) {
  const params = { header: { "Idempotency-Key": key } };
  const { data, error, response } = await POST("/api/v1/tasks", { params, body: { title } });
  if (error) throw new Error(error.detail);
  return { id: data.id, replayed: response.headers.get("Idempotency-Replayed") };
}

async function complete(id: number, etag: string) {
  const params = { path: { task_id: id }, header: { "If-Match": etag } };
  return PATCH("/api/v1/tasks/{task_id}", { params, body: { status: "completed" } });
}

async function* listAll(limit: number): AsyncGenerator<Task> {
  let cursor: string | null | undefined;
  do {
    const query = { limit, status: ["todo" as const, "completed" as const], ...(cursor ? { cursor } : {}) };
    const { data, error } = await GET("/api/v1/tasks", { params: { query } });
    if (error) throw new Error(error.detail);
    yield* data.items;
    cursor = data.next_cursor;
  } while (cursor);
}

const token = await logIn();
use({ onRequest: ({ request }) => request.headers.set("Authorization", `Bearer ${token}`) });
const first = await create("Sow", "sow");
const again = await create("Sow", "sow");
const others = [await create("Water", "water"), await create("Weed", "weed")];
const changed = await complete(first.id, '"1"');
const stale = await complete(first.id, '"1"');
const untitled = await POST("/api/v1/tasks", { body: { title: "" } });
const listed: number[] = [];
for await (const task of listAll(2)) listed.push(task.id);

console.log(
  JSON.stringify({
    created: [first.id, ...others.map((task) => task.id)],
    repeated: again,
    changed: changed.data?.status,
    stale: stale.error?.code,
    errors: untitled.error?.errors?.map((one) => [one.pointer, one.code]),
    listed,
  }),
);
