// The steps of every client, with hey-api.
import { client } from "./made/client.gen";
import { createTask, exportTasks, importTasks, listTasks, logIn, register, updateTask } from "./made";

const [address = "", username = "", password = ""] = process.argv.slice(2);
let token = "";
client.setConfig({
  baseUrl: address,
  auth: ({ scheme }) => (scheme === "bearer" ? token : undefined),
});

async function main() {
  const user = await register({ body: { username, password }, throwOnError: true });
  token = (await logIn({ body: { username, password }, throwOnError: true })).data.access_token;

  const body = { title: "Sow", description: "Carrots" };
  const headers = { "Idempotency-Key": "sow" };
  const made = await createTask({ body, headers, throwOnError: true });
  const again = await createTask({ body, headers, throwOnError: true });
  for (const title of ["Water", "Weed"]) await createTask({ body: { title }, throwOnError: true });

  const path = { task_id: made.data.id };
  const etag = made.response.headers.get("ETag") ?? "";
  const changed = await updateTask({ path, body: { description: null }, headers: { "If-Match": etag }, throwOnError: true });
  const stale = await updateTask({ path, body: { title: "Dig" }, headers: { "If-Match": etag } });

  const titles: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await listTasks({
      query: { limit: 2, status: ["todo", "in_progress"], created_after: made.data.created_at, ...(cursor ? { cursor } : {}) },
      throwOnError: true,
    });
    titles.push(...page.data.items.map((task) => task.title));
    cursor = page.data.next_cursor;
  } while (cursor);

  const exported = await exportTasks({ query: { format: "csv" }, parseAs: "text", throwOnError: true });
  const imported = await importTasks({
    body: "title\r\nHarvest\r\n",
    bodySerializer: (text) => text,
    headers: { "Content-Type": "text/csv" },
    throwOnError: true,
  });
  const untitled = await createTask({ body: { title: "" } });

  console.log(
    JSON.stringify({
      registered: user.data.username,
      repeated: made.data.id === again.data.id && again.response.headers.get("Idempotency-Replayed"),
      cleared: changed.data.description,
      stale: [stale.error?.code, stale.error?.current_version],
      listed: titles.sort(),
      exported: String(exported.data).trim().split("\r\n").length,
      imported: imported.data.created,
      problem: [untitled.error?.code, untitled.error?.errors?.[0]?.pointer, untitled.error?.errors?.[0]?.code],
    }),
  );
}

void main();
