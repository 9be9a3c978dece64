import { afterAll, beforeAll, expect, test } from "vitest";
import { models } from "#test/support/identity-models.ts";
import { repositoryIndexSchema, statisticsSchema } from "#test/support/open-inference-schemas.ts";
import { anybody, openPassthrough, type Passthrough, passthroughModel } from "#test/support/passthrough.ts";
import { exchange, type RawAnswer, requestBytes } from "#test/support/raw-http.ts";
import { readError } from "#test/support/read-as-client.ts";

const model = passthroughModel;
let gateway: Passthrough;

beforeAll(async () => {
  gateway = await openPassthrough();
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function ask(...request: Parameters<typeof requestBytes>): Promise<RawAnswer> {
  return await exchange(gateway.port, requestBytes(...request));
}

function jsonOf({ status, body }: RawAnswer): unknown {
  expect(status).toBe(200);
  return JSON.parse(body.toString("utf8"));
}

const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).sort();

test("a caller who may not use a model finds it nowhere", async () => {
  gateway.caller = { ...anybody, models: new Set([model]) };
  try {
    expect(readError(await ask(`GET /v2/models/${models.colours}`)).status).toBe(404);
    expect(
      readError(await ask(`POST /v2/models/${models.colours}-tensor/infer`, { body: "{}" })).status,
    ).toBe(404);
    const index = repositoryIndexSchema.parse(jsonOf(await ask("POST /v2/repository/index", { body: "{}" })));
    expect(names(index)).toEqual([model, `${model}-tensor`]);
    expect(jsonOf(await ask("GET /v2/models"))).toEqual({ models: [model, `${model}-tensor`] });
    const stats = statisticsSchema.parse(jsonOf(await ask("GET /v2/models/stats")));
    expect(names(stats.model_stats)).toEqual([model]);
  } finally {
    gateway.caller = anybody;
  }
});

test("whoever may not use a model is told by no spelling that it is there", async () => {
  gateway.caller = { ...anybody, models: new Set([model]) };
  const hidden = models.colours;
  const nowhere = "x".repeat(hidden.length);
  const escaped = (name: string) => `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`;
  const spellings = [
    (name: string) => name,
    escaped,
    (name: string) => `${name}-tensor`,
    (name: string) => `${name}/`,
    (name: string) => `${name}/versions/1`,
    (name: string) => `${escaped(name)}/versions/1/config`,
    (name: string) => `${name}/versions/9/stats`,
    (name: string) => `./${name}/ready`,
    (name: string) => `${model}/../${name}`,
  ];
  try {
    for (const spell of spellings) {
      const said = async (name: string) => {
        const { status, body } = await ask(`GET /v2/models/${spell(name)}`);
        return { status, body: body.toString().replaceAll(name, "NAME") };
      };
      const head = async (name: string) => {
        const url = `http://127.0.0.1:${gateway.port}/v2/models/${spell(name)}`;
        const { status, headers } = await fetch(url, { method: "HEAD" });
        return { status, length: headers.get("content-length"), type: headers.get("content-type") };
      };
      expect(await said(hidden)).toEqual(await said(nowhere));
      expect(await head(hidden)).toEqual(await head(nowhere));
      expect([(await said(hidden)).status, (await head(hidden)).status]).toEqual([404, 404]);
    }
  } finally {
    gateway.caller = anybody;
  }
});

test("under /v2 each question needs the scope for what it tells", async () => {
  const verbs = { infer: ["", "/config", "/ready"], metrics: ["/stats"] } as const;
  const statusOf = async (path: string) => (await ask(`GET /v2/models/${path}`)).status;
  try {
    for (const scope of ["infer", "metrics"] as const) {
      gateway.caller = { ...anybody, scopes: new Set([scope]) };
      for (const [needed, questions] of Object.entries(verbs))
        for (const question of questions)
          expect(await statusOf(models.colours + question), question).toBe(scope === needed ? 200 : 403);
      expect(await statusOf("stats")).toBe(scope === "metrics" ? 200 : 403);
    }
    const path = `POST /v2/models/${models.colours}/infer` as const;
    expect(readError(await ask(path, { body: "{}" })).status).toBe(403);
    gateway.caller = { ...anybody, scopes: new Set() };
    for (const probe of ["live", "ready"]) expect((await ask(`GET /v2/health/${probe}`)).status).toBe(200);
  } finally {
    gateway.caller = anybody;
  }
});
