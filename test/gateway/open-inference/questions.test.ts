import type { ServerResponse } from "node:http";
import { expect, test, vi } from "vitest";
import type { Caller } from "#gateway/caller.ts";
import { caller, tenant } from "#test/support/callers.ts";
import { key, openGatewayApp } from "#test/support/gateway-app.ts";

type Gateway = Awaited<ReturnType<typeof openGatewayApp>>;

const everything = new Set(["infer", "metrics"] as const);

function gatewayFor(parts: Partial<Caller>): Promise<Gateway> {
  return openGatewayApp({ callers: new Map([[key, caller({ scopes: everything, ...parts })]]) });
}

function ask({ app }: Gateway, path: string, method = "GET") {
  return app.request(path, { method, headers: { authorization: `Bearer ${key}` } });
}

const perHour = (requests: number) => ({ rates: [{ requests, perMs: 3_600_000, burst: requests }] });

const questions = ["", "/config", "/ready", "/stats"].map((question) => `/v2/models/digits-s${question}`);

test.each([...questions, "/v2/models/digits-s/versions/2", "/v2/models/stats"])(
  "the question %s counts as one request of its caller, and says so",
  async (path) => {
    await using gateway = await gatewayFor({ limits: perHour(1) });
    const first = await ask(gateway, path);
    expect([first.status, first.headers.get("ratelimit")]).toEqual([200, expect.stringContaining("r=0")]);
    expect(first.headers.get("ratelimit-policy")).toBe('"key";q=1;w=3600');
    const heard = gateway.backend.requests.length;
    const second = await ask(gateway, path);
    expect([second.status, Number(second.headers.get("retry-after"))]).toEqual([429, expect.any(Number)]);
    expect(gateway.backend.requests).toHaveLength(heard);
  },
);

test("questions spend nothing of a month, and whoever has spent it may ask them", async () => {
  await using gateway = await gatewayFor({ tenant: tenant({ monthly: { images: 0, nanoUsd: 0 } }) });
  for (const path of questions) expect((await ask(gateway, path)).status).toBe(200);
  expect(gateway.usage.month("acme")).toEqual({ images: 0, nanoUsd: 0 });
  expect((await ask(gateway, "/v2/models/digits-s/infer", "POST")).status).toBe(400);
});

test.each([
  ["infer", ["", "/config", "/ready"]],
  ["metrics", ["/stats"]],
] as const)("the scope %s opens %s and nothing else", async (scope, opened) => {
  await using gateway = await gatewayFor({ scopes: new Set([scope]) });
  for (const question of ["", "/config", "/ready", "/stats"]) {
    const expected = (opened as readonly string[]).includes(question) ? 200 : 403;
    expect((await ask(gateway, `/v2/models/digits-s${question}`)).status, question).toBe(expected);
  }
  expect((await ask(gateway, "/v2/models/stats")).status).toBe(scope === "metrics" ? 200 : 403);
});

test("questions are answered while a backend is busy with as many images as it has connections", async () => {
  await using gateway = await gatewayFor({});
  const waiting: ServerResponse[] = [];
  gateway.state.infer = (_, response) => void waiting.push(response);
  const body = '{"inputs":[]}';
  const headers = { authorization: `Bearer ${key}` };
  const infer = () => gateway.app.request("/v2/models/digits-s/infer", { method: "POST", headers, body });
  const busy = Array.from({ length: 64 }, infer);
  await vi.waitFor(() => expect(waiting).toHaveLength(64));
  for (const path of [...questions, "/v2/models/stats"]) expect((await ask(gateway, path)).status).toBe(200);
  for (const response of waiting) response.end("{}");
  await Promise.all(busy);
});

test("the protocol's health tells whoever asks whether there is an answer to be had, and no more", async () => {
  await using gateway = await openGatewayApp();
  const probe = async (path: string) => {
    const answer = await gateway.app.request(path);
    return [answer.status, [...answer.headers.keys()].sort(), await answer.json()];
  };
  const usual = ["content-type", "traceparent", "x-request-id"];
  expect(await probe("/v2/health/live")).toEqual([200, usual, { live: true }]);
  expect(await probe("/v2/health/ready")).toEqual([200, usual, { live: true, ready: true }]);
  gateway.state.ready = false;
  expect(await probe("/v2/health/ready")).toEqual([
    503,
    ["content-type", "retry-after", "traceparent", "x-request-id"],
    { error: "the server is not ready", ready: false },
  ]);
  for (const path of ["/v2/health/%2e%2e/models", "/v2/health/../models", "/v2"])
    expect((await gateway.app.request(path)).status).toBe(401);
});

/** What an answer says, with the name that was asked for cut out of it. */
async function tell(gateway: Gateway, path: string, method: string, name: string) {
  const answer = await ask(gateway, path, method);
  const headers = [...answer.headers].filter(
    ([header]) => header !== "traceparent" && header !== "x-request-id",
  );
  return { status: answer.status, headers, text: (await answer.text()).replaceAll(name, "NAME") };
}

test.each(["GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"])(
  "whoever may not use a model cannot tell by %s whether there is one",
  async (method) => {
    await using gateway = await gatewayFor({ models: new Set(["other"]) });
    const heard = gateway.backend.requests.length;
    const spellings = [
      "NAME",
      "NAME-tensor",
      "NAME/",
      "NAME-tensor-tensor",
      "%2e/NAME",
      "NAME%2F",
      "NAME%20",
    ];
    const rest = ["", "/config", "/stats", "/ready", "/infer", "/trace/setting"];
    const paths = spellings.flatMap((name) => [
      ...rest.map((what) => `/v2/models/${name}${what}`),
      ...rest.map((what) => `/v2/models/${name}/versions/2${what}`),
      `/v2/models/${name}/versions/9`,
      `/v2/repository/models/${name}/load`,
    ]);
    for (const path of paths) {
      const there = await tell(gateway, path.replace("NAME", "digits-s"), method, "digits-s");
      const nowhere = await tell(gateway, path.replace("NAME", "digits-x"), method, "digits-x");
      expect(there, path).toEqual(nowhere);
      expect(there.status, path).not.toBe(200);
      const escaped = await tell(gateway, path.replace("NAME", "digits%2Ds"), method, "digits-s");
      expect(escaped.status, path).toBe(there.status);
    }
    expect(gateway.backend.requests).toHaveLength(heard);
  },
);
