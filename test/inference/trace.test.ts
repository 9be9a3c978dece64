import { Hono } from "hono";
import { expect, test } from "vitest";
import { continueTrace, traceOf } from "#inference/trace.ts";
import { systemChance } from "#infra/runtime/chance.ts";

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

const open = (): Hono => {
  const app = new Hono();
  app.use(continueTrace(systemChance));
  app.get("/trace", (c) => c.json(traceOf(c) ?? null));
  app.get("/raw", () => new Response("raw"));
  app.get("/broken", () => {
    throw new Error("boom");
  });
  app.onError((_error, c) => c.text("no", 500));
  return app;
};

const ask = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  open().request(path, { headers });

test("a request goes on with its caller's trace and answers which span of it it was", async () => {
  const answer = await ask("/trace", { traceparent: parent, tracestate: "a=1" });
  const trace = (await answer.json()) as Record<string, unknown>;
  expect(trace).toMatchObject({ traceId: parent.slice(3, 35), parentSpanId: parent.slice(36, 52) });
  expect(trace.tracestate).toBe("a=1");
  expect(answer.headers.get("traceparent")).toBe(`00-${trace.traceId}-${trace.spanId}-01`);
});

test.each(["/raw", "/broken", "/nowhere"])(
  "an answer of %s says its place in the trace too",
  async (path) => {
    const answer = await ask(path, { traceparent: parent });
    expect(answer.headers.get("traceparent")).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[\da-f]{16}-01$/);
  },
);

test.each(["00-zz", "", `${parent}-${"x".repeat(9000)}`, "%00", "../../etc"])(
  "a traceparent of %j begins a new trace and reaches no answer",
  async (traceparent) => {
    const answer = await ask("/trace", { traceparent });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("traceparent")).toMatch(/^00-(?!4bf9)[\da-f]{32}-[\da-f]{16}-02$/);
  },
);

test("a request that no trace was continued for has none", async () => {
  const app = new Hono().get("/", (c) => c.json(traceOf(c) === undefined));
  expect(await (await app.request("/")).json()).toBe(true);
});
