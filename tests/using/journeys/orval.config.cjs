module.exports = {
  client: { input: "./openapi.json", output: { target: "./made/client.ts", client: "fetch" } },
  zod: { input: "./openapi.json", output: { target: "./made/zod.ts", client: "zod" } },
};
