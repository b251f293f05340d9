// What a program in TypeScript does with the API, over the types of docs/openapi.json.

import createClient from "openapi-fetch";
import type { components, paths } from "./generated/api.js";

type Problem = components["schemas"]["Problem"];

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

// The body of an answer, or the end of the program with the problem of it.
function told<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.data === undefined) {
    throw new Error(`${answer.error?.code}: ${answer.error?.detail}`);
  }
  return answer.data;
}

const client = createClient<paths>({ baseUrl: setting("GLAME_URL") });

const session = told(
  await client.POST("/api/auth/login", {
    body: { email: "admin@example.com", password: setting("GLAME_STAFF_PASSWORD") },
  }),
);
client.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${session.access_token}`);
  },
});

const list = told(
  await client.GET("/api/admin/customers", {
    params: { query: { sort: "total_spent", limit: 3, count: "exact" } },
  }),
);
const first = list.customers[0];
if (first === undefined || !list.page.has_more) throw new Error("the shop is not filled");

const path = { id: first.id };
const before = told(await client.GET("/api/admin/customers/{id}/loyalty", { params: { path } }));
const key = { "Idempotency-Key": crypto.randomUUID() };
const body = { points: 500, reason: "Подарок", description: "проверка" };
for (let times = 0; times < 2; times += 1) {
  const moved = told(
    await client.POST("/api/admin/customers/{id}/loyalty/adjust", {
      params: { path, header: key },
      body,
    }),
  );
  if (moved.transactions[0]?.points !== 500) throw new Error("another posting");
}
const after = told(await client.GET("/api/admin/customers/{id}/loyalty", { params: { path } }));
if (after.balance !== before.balance + 500) throw new Error("not once");

const refused = await client.POST("/api/admin/customers/{id}/loyalty/adjust", {
  params: { path, header: key },
  body: { ...body, points: 700 },
});
if (refused.error?.code !== "IDEMPOTENCY_KEY_REUSED") throw new Error("the key was good for more");

console.log(`${list.total} customers; ${first.id} has ${after.balance} points`);
