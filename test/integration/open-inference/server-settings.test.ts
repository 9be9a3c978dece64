import { afterAll, beforeAll, expect, test } from "vitest";
import { models } from "#test/support/identity-models.ts";
import { type LiveInference, openLiveInference } from "#test/support/live-inference.ts";
import type { Verb } from "#test/support/raw-http.ts";
import { readError } from "#test/support/read-as-client.ts";

const { simple } = models;
let live: LiveInference;

beforeAll(async () => {
  live = await openLiveInference([simple]);
});
afterAll(() => live[Symbol.asyncDispose]());

test("log and trace settings are read and set, for one model and for all", async () => {
  const json = async (verb: Verb, body?: object) => {
    const answer = await live.ask(verb, body ? { body: JSON.stringify(body) } : {});
    expect([verb, answer.status]).toEqual([verb, 200]);
    return JSON.parse(answer.body.toString()) as Record<string, unknown>;
  };
  const before = await json("GET /v2/trace/setting");
  expect(await json("POST /v2/trace/setting", { trace_rate: "7" })).toEqual({ ...before, trace_rate: "7" });
  await json(`POST /v2/models/${simple}/trace/setting`, { trace_rate: "3" });
  expect((await json(`GET /v2/models/${simple}/trace/setting`)).trace_rate).toBe("3");
  await json(`POST /v2/models/${simple}/trace/setting`, { trace_rate: null });
  expect((await json(`GET /v2/models/${simple}/trace/setting`)).trace_rate).toBe("7");
  await json("POST /v2/trace/setting", { trace_rate: null });
  expect(await json("GET /v2/trace/setting")).toEqual(before);
  expect(readError(await live.ask("GET /v2/models/nobody/trace/setting")).status).toBe(404);
  const log = await json("GET /v2/logging");
  expect((await json("POST /v2/logging", { log_verbose_level: 1 })).log_verbose_level).toBe(1);
  expect(await json("POST /v2/logging", log)).toEqual(log);
});

test.each(["systemsharedmemory", "cudasharedmemory"])("%s has no regions and takes none", async (kind) => {
  const { status, body } = await live.ask(`GET /v2/${kind}/status`);
  expect([status, body.toString()]).toEqual([200, "[]"]);
  expect((await live.ask(`POST /v2/${kind}/unregister`)).status).toBe(200);
  expect((await live.ask(`POST /v2/${kind}/region/a/unregister`)).status).toBe(200);
  const registered = await live.ask(`POST /v2/${kind}/region/a/register`, { body: "{}" });
  expect(readError(registered)).toMatchObject({
    status: 400,
    error: expect.stringContaining("shared memory"),
  });
  expect(readError(await live.ask(`GET /v2/${kind}/region/a/status`)).status).toBe(400);
});

test.each(["load", "unload"])(
  "a server whose owner keeps control refuses to %s, and serves on",
  async (deed) => {
    const answer = await live.ask(`POST /v2/repository/models/${simple}/${deed}`, { body: "{}" });
    expect(readError(answer).status).toBe(400);
    expect((await live.ask(`GET /v2/models/${simple}/ready`)).status).toBe(200);
  },
);
