// The steps of every client, with orval: functions with fetch, and checks with zod.
import { createTask, getImportTasksUrl, getExportTasksUrl, listTasks, logIn, register, updateTask } from "./made/client";
import { listTasksResponse, updateTaskResponse } from "./made/zod";

const [address = "", username = "", password = ""] = process.argv.slice(2);
let token = "";
const send = globalThis.fetch;
globalThis.fetch = (url, options) => send(address + String(url), options);
const signed = (headers: Record<string, string> = {}) => ({
  headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
});

async function main() {
  const user = await register({ username, password }, signed());
  const login = await logIn({ username, password }, signed());
  if (user.status !== 201 || login.status !== 200) throw new Error(JSON.stringify([user, login]));
  token = login.data.access_token;

  const body = { title: "Sow", description: "Carrots" };
  const made = await createTask(body, signed({ "Idempotency-Key": "sow" }));
  const again = await createTask(body, signed({ "Idempotency-Key": "sow" }));
  if (made.status !== 201 || again.status !== 201) throw new Error(JSON.stringify(made));
  const task = made.data;
  for (const title of ["Water", "Weed"]) await createTask({ title }, signed());

  const etag = { "If-Match": made.headers.get("ETag") ?? "" };
  const changed = await updateTask(task.id, { description: null }, signed(etag));
  const stale = await updateTask(task.id, { title: "Dig" }, signed(etag));
  if (changed.status !== 200 || stale.status !== 412) throw new Error(JSON.stringify(stale));

  const titles: string[] = [];
  let cursor: string | null | undefined;
  do {
    const filters = { limit: 2, status: ["todo" as const, "in_progress" as const], created_after: task.created_at };
    const page = await listTasks(cursor ? { ...filters, cursor } : filters, signed());
    if (page.status !== 200) throw new Error(JSON.stringify(page));
    const { items, next_cursor } = listTasksResponse.parse(page.data);
    titles.push(...items.map((one) => one.title));
    cursor = next_cursor;
  } while (cursor);

  const exported = await fetch(getExportTasksUrl({ format: "csv" }), signed());
  const file = { method: "POST", body: "title\r\nHarvest\r\n", ...signed({ "Content-Type": "text/csv" }) };
  const imported = await fetch(getImportTasksUrl(), file);
  const untitled = await createTask({ title: "" }, signed());
  if (untitled.status !== 422) throw new Error(JSON.stringify(untitled));

  console.log(
    JSON.stringify({
      registered: user.data.username,
      repeated: task.id === again.data.id && again.headers.get("Idempotency-Replayed"),
      cleared: updateTaskResponse.parse(changed.data).description,
      stale: [stale.data.code, stale.data.current_version],
      listed: titles.sort(),
      exported: (await exported.text()).trim().split("\r\n").length,
      imported: (await imported.json()).created,
      problem: [untitled.data.code, untitled.data.errors?.[0]?.pointer, untitled.data.errors?.[0]?.code],
    }),
  );
}

void main();
