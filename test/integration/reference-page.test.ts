import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { catalogue } from "#infra/runtime/errors.ts";
import { startFakeBackend } from "#test/support/fake-backend.ts";
import { openGatewayApp } from "#test/support/gateway-app.ts";
import { askAt, keysYaml, makeFileKey, startGateway } from "#test/support/gateway-process.ts";

type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
  readonly components: { readonly schemas: object };
};

const stack = new AsyncDisposableStack();
let page: string;
let policy: string;
let document: Document;

beforeAll(async () => {
  const { app } = stack.use(await openGatewayApp({ leadsToAdmin: true }));
  const response = await app.request("/docs");
  page = await response.text();
  policy = response.headers.get("content-security-policy") ?? "";
  document = (await (await app.request("/openapi.json")).json()) as Document;
});
afterAll(() => stack.disposeAsync());

test("the reference is a whole page whose elements all close, in their order", () => {
  expect(page.startsWith("<!doctype html>\n<html lang=")).toBe(true);
  expect(unclosed(page)).toEqual([]);
  expect(unclosed("<p>a<b>c</p>")).toEqual(["</p> closes b"]);
});

test("the reference tells of every operation, schema and error, each at a place of its own", () => {
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id = ""]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  expect(operations.length).toBeGreaterThan(30);
  const wanted = [
    ...operations.map(({ operationId }) => `op-${operationId}`),
    ...Object.keys(document.components.schemas).map((name) => `schema-${name}`),
    ...Object.keys(catalogue).map((code) => `error-${code}`),
  ];
  expect(wanted.filter((id) => !ids.includes(id))).toEqual([]);
  expect(page.match(/<pre><code>curl /g)).toHaveLength(operations.length);
});

test("every link of the reference leads to a place on it or to the document", () => {
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id = ""]) => `#${id}`));
  const targets = [...page.matchAll(/ href="([^"]*)"/g)].map(([, target = ""]) => target);
  expect(targets.length).toBeGreaterThan(300);
  expect(targets.filter((target) => !ids.has(target) && target !== "/openapi.json")).toEqual([]);
});

test("the reference loads nothing, runs nothing, and its one style is the one that its policy lets in", () => {
  expect(page).not.toMatch(/<(?:script|link|img|iframe|object|form|base)\b/i);
  expect(page).not.toMatch(/<[^>]+\s(?:style|src|srcset|on\w+)=/i);
  expect(page).not.toMatch(/@import|url\(/i);
  const styles = [...page.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, text = ""]) => text);
  expect(styles).toHaveLength(1);
  const hash = createHash("sha256").update(styles.join("")).digest("base64");
  expect(policy.split("; ")).toEqual([
    "default-src 'none'",
    `style-src 'sha256-${hash}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]);
});

test("the reference fits a phone and a dark room", () => {
  expect(page).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
  expect(page).toContain("prefers-color-scheme: dark");
});

test("at each door of a gateway what its document tells of is there, and what only others tell of is not", async () => {
  await using backend = await startFakeBackend();
  const key = makeFileKey({ scopes: ["infer", "usage", "metrics", "admin"] });
  const address = "127.0.0.1:0";
  const listeners = [
    { address, tenant: "cameras" },
    { address, admin: true },
  ];
  const keys = keysYaml([key]);
  await using gateway = await startGateway({ backend: backend.url, config: { listeners }, keys });
  await expect.poll(gateway.said).toMatch(/"listeners":\[/);
  const [, others = "[]"] = /"listeners":(\[[^\]]*\])/.exec(gateway.said()) ?? [];
  const urls = [gateway.url, ...(JSON.parse(others) as string[])];
  const told = await Promise.all(urls.map(operationsAt));
  expect(told.map((operations) => operations.some((each) => each.includes("/v1/admin/")))).toEqual([
    false,
    false,
    true,
  ]);
  for (const [place, url] of urls.entries()) {
    for (const operation of new Set(told.flat())) {
      const [method = "", path = ""] = operation.split(" ");
      const asked = path.replace("{model}", "digits-s").replaceAll(/\{\w+\}/g, "1");
      const { status, text } = await askAt(url, asked, { method, key: key.text });
      const isThere = status !== 405 && !text.includes("there is nothing at");
      expect({ url, operation, isThere }).toEqual({
        url,
        operation,
        isThere: told[place]?.includes(operation),
      });
    }
  }
});

async function operationsAt(url: string): Promise<string[]> {
  const { json } = await askAt(url, "/openapi.json");
  const { paths } = json as Pick<Document, "paths">;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** Elements that close where another is open, and those that never do. */
function unclosed(markup: string): string[] {
  const open: string[] = [];
  const problems: string[] = [];
  const bare = markup.replace(/<style>[\s\S]*?<\/style>/g, "").replace("<!doctype html>", "");
  for (const [tag, slash, name = ""] of bare.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^<>]*>/g)) {
    if (name === "meta") continue;
    if (slash === "") open.push(name);
    else {
      const last = open.pop();
      if (last !== name) problems.push(`${tag} closes ${last}`);
    }
  }
  const odd = bare.replace(/<\/?[a-z][a-z0-9]*\b[^<>]*>/g, "").match(/[<>].{0,20}/);
  return problems.length > 0 ? problems.slice(0, 1) : [...open, ...(odd ?? [])];
}
