import { afterAll, beforeAll, expect, test } from "vitest";
import { routerPath } from "#gateway/document/mount.ts";
import { catalogue } from "#infra/runtime/errors.ts";
import { openGatewayApp } from "#test/support/gateway-app.ts";
import type { Document, Operation } from "./check-answer.ts";

type Gateway = Awaited<ReturnType<typeof openGatewayApp>>;

const stack = new AsyncDisposableStack();
let publicDoor: Gateway;
let adminDoor: Gateway;

beforeAll(async () => {
  publicDoor = stack.use(await openGatewayApp());
  adminDoor = stack.use(await openGatewayApp({ leadsToAdmin: true }));
});
afterAll(() => stack.disposeAsync());

const doors = ["public", "administrators'"] as const;
const at = (door: (typeof doors)[number]): Gateway => (door === "public" ? publicDoor : adminDoor);

async function documentOf({ app }: Gateway): Promise<Document> {
  return (await (await app.request("/openapi.json")).json()) as Document;
}

test.each(doors)("at the %s door each route is told of, and all that is told of is there", async (door) => {
  const { app } = at(door);
  const served = app.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path}`);
  const { paths } = await documentOf(at(door));
  const told = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const isSubtree = (operation as { "x-subtree"?: boolean })["x-subtree"] ?? false;
      return `${method.toUpperCase()} ${routerPath({ path, isSubtree })}`;
    }),
  );
  expect(told.sort()).toEqual([...new Set(served)].sort());
  expect(told.length).toBeGreaterThan(10);
});

test("only the door that leads to the administrators tells of their rooms", async () => {
  const told = async (gateway: Gateway) =>
    Object.keys((await documentOf(gateway)).paths).filter((path) => path.startsWith("/v1/admin/"));
  expect(await told(publicDoor)).toEqual([]);
  expect((await told(adminDoor)).length).toBeGreaterThanOrEqual(6);
});

test("the document is what OpenAPI 3.1 wants of one", async () => {
  const document = await documentOf(adminDoor);
  expect(document.openapi).toMatch(/^3\.1\.\d$/);
  expect(document).toMatchObject({ info: { title: expect.any(String), version: expect.any(String) } });
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const ids = all.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, method, operation } of all) {
    const where = `${method} ${path}`;
    expect(path, where).toMatch(/^\/[^?#]*$/);
    expect(["get", "post", "put", "delete"], where).toContain(method);
    expect(parametersIn(operation, "path"), where).toEqual(
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
    );
    const named = operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
    expect(new Set(named).size, where).toBe(named.length);
    expect(
      document.tags.map(({ name }) => name),
      where,
    ).toEqual(expect.arrayContaining([...operation.tags]));
    expect(
      Object.keys(operation.responses).every((status) => /^[1-5]\d\d$/.test(status)),
      where,
    ).toBe(true);
    for (const response of Object.values(operation.responses)) {
      expect(response, where).toMatchObject({ description: expect.stringMatching(/./) });
    }
  }
});

test("every reference in the document leads somewhere, and nothing named is left unused", async () => {
  const document = await documentOf(adminDoor);
  const wanted = new Set<string>();
  JSON.stringify(document, (name, value) => {
    if (name === "$ref") wanted.add(String(value));
    return value;
  });
  const there = Object.entries(document.components).flatMap(([kind, named]) =>
    Object.keys(named).map((name) => `#/components/${kind}/${name}`),
  );
  expect([...wanted].filter((reference) => !there.includes(reference))).toEqual([]);
  const used = (reference: string) => wanted.has(reference) || reference.includes("/securitySchemes/");
  expect(there.filter((reference) => !used(reference))).toEqual([]);
});

test("every error that is told of stands under its own status", async () => {
  const { paths } = await documentOf(adminDoor);
  const told = new Set<string>();
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const [status, { content = {} }] of Object.entries(operation.responses)) {
      for (const code of codesOf(content["application/problem+json"])) {
        told.add(code);
        expect({ code, status: catalogue[code as keyof typeof catalogue].status }).toEqual({
          code,
          status: Number(status),
        });
      }
    }
  }
  const untold = Object.keys(catalogue).filter((code) => !told.has(code));
  expect(untold.sort()).toEqual([...neverAnswered, ...anywhereElse].sort());
});

/**
 * Why a process cannot start or go on, what nobody is left to hear, what a backend says of itself to the gateway, and what
 * only operators are told.
 */
const neverAnswered = [
  ...["forbidden", "missing", "refused", "unsupported", "conflict"].map((what) => `provider_${what}`),
  ...["quota", "full", "throttled", "unavailable", "answer_invalid"].map((what) => `provider_${what}`),
  ...["fleet_frozen", "not_leader"],
  ...["signing_refused", "repository_refused", "repository_expired", "repository_unreachable"],
  ...["network_captive", "disk_full", "self_test_failed", "agent_running"],
  ...["config_invalid", "model_unusable", "port_unavailable", "folder_unusable"],
  ...["blob_missing", "blob_invalid", "blob_unavailable", "soft_state_unavailable"],
  ...["caller_left", "draining", "model_not_ready", "queue_timeout"],
];

/** The answers of paths and verbs that are not there. */
const anywhereElse = ["route_unknown", "method_not_allowed"];

test.each(["/openapi.json", "/docs"])(
  "%s needs no key, and is sent once to whoever keeps it",
  async (path) => {
    const first = await publicDoor.app.request(path);
    expect(first.status).toBe(200);
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[\w-]{20,}"$/);
    const text = await first.text();
    expect(await (await publicDoor.app.request(path)).text()).toBe(text);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await publicDoor.app.request(path, { headers: { "if-none-match": known } });
      expect({
        known,
        status: again.status,
        text: await again.text(),
        etag: again.headers.get("etag"),
      }).toEqual({
        known,
        status: 304,
        text: "",
        etag,
      });
    }
    const other = await publicDoor.app.request(path, { headers: { "if-none-match": '"other"' } });
    expect(other.status).toBe(200);
  },
);

function parametersIn({ parameters }: Operation, place: string): string[] {
  return parameters.filter((parameter) => parameter.in === place).map(({ name }) => name);
}

function codesOf(content: { readonly schema?: unknown } | undefined): string[] {
  const schema = content?.schema as
    | { readonly allOf: readonly { readonly properties?: { readonly code: { readonly enum: string[] } } }[] }
    | undefined;
  return schema?.allOf.flatMap(({ properties }) => properties?.code.enum ?? []) ?? [];
}
