// The steps of every client, with openapi-generator's typescript-fetch.
import { AuthApi, Configuration, ImportExportApi, ResponseError, TasksApi, TaskStatus } from "./made";

const [address = "", username = "", password = ""] = process.argv.slice(2);
let token = "";
const configuration = new Configuration({ basePath: address, accessToken: async () => token });
const auth = new AuthApi(configuration);
const tasks = new TasksApi(configuration);
const files = new ImportExportApi(configuration);

async function problemOf(request: Promise<unknown>) {
  try {
    await request;
  } catch (error) {
    if (error instanceof ResponseError) return error.response.json();
    throw error;
  }
}

async function main() {
  const user = await auth.register({ userCreate: { username, password } });
  token = (await auth.logIn({ loginRequest: { username, password } })).accessToken;

  const sow = { taskCreate: { title: "Sow", description: "Carrots" }, idempotencyKey: "sow" };
  const made = await tasks.createTaskRaw(sow);
  const again = await tasks.createTaskRaw(sow);
  const task = await made.value();
  for (const title of ["Water", "Weed"]) await tasks.createTask({ taskCreate: { title } });

  const version = { taskId: task.id, ifMatch: made.raw.headers.get("ETag") ?? "" };
  const changed = await tasks.updateTask({ ...version, taskUpdate: { description: null } });
  const stale = await problemOf(tasks.updateTask({ ...version, taskUpdate: { title: "Dig" } }));

  const titles: string[] = [];
  let cursor: string | null | undefined;
  do {
    const status = [TaskStatus.Todo, TaskStatus.InProgress];
    const filters = { limit: 2, status, createdAfter: task.createdAt };
    const page = await tasks.listTasks(cursor ? { ...filters, cursor } : filters);
    titles.push(...page.items.map((one) => one.title));
    cursor = page.nextCursor;
  } while (cursor);

  const exported = await files.exportTasks({ format: "csv" });
  const csv = { headers: { "Content-Type": "text/csv", Authorization: `Bearer ${token}` } };
  const imported = await files.importTasks({ body: "title\r\nHarvest\r\n" }, csv);
  const untitled = await problemOf(tasks.createTask({ taskCreate: { title: "" } }));

  console.log(
    JSON.stringify({
      registered: user.username,
      repeated: task.id === (await again.value()).id && again.raw.headers.get("Idempotency-Replayed"),
      cleared: changed.description,
      stale: [stale.code, stale.current_version],
      listed: titles.sort(),
      exported: exported.trim().split("\r\n").length,
      imported: imported.created,
      problem: [untitled.code, untitled.errors[0].pointer, untitled.errors[0].code],
    }),
  );
}

void main();
