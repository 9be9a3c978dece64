import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { Authorize, OutgoingCall } from "#adapters/authorize.ts";
import { createOpenInferenceClient, type OpenInferenceClient } from "#adapters/open-inference.ts";
import { wakeBackend } from "#adapters/wake-backend.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { image, model, noHurry, options } from "#test/support/ask-backend.ts";
import { describedModel, inferAnswer, json } from "#test/support/fake-backend.ts";

/** A backend below a path that remembers what it heard, and a client of it. */
async function openPair(authorize: Authorize | undefined) {
  const heard: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    heard.push(request);
    const answer = request.method === "GET" ? json(200, describedModel) : json(200, inferAnswer);
    request.resume().on("end", () => answer(request, response));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/below`;
  const client = createOpenInferenceClient({ url, authorize });
  return {
    ...{ heard, client, url },
    headers: () => heard.map(({ headers }) => headers),
    [Symbol.asyncDispose]: async () => {
      await client.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

const passing = { method: "POST", path: "/v2/models/m/infer?x=1", maxBytes: 1_000_000 } as const;

async function callAll({ client, url }: { readonly client: OpenInferenceClient; readonly url: string }) {
  const signal = noHurry();
  await client.describe("digits-s", { signal });
  await client.detect({ model, image, options, signal });
  await client.pass({ ...passing, headers: {}, body: Buffer.from("tensor"), signal });
  await client.pass({ ...passing, method: "GET", headers: {}, body: undefined, signal, isQuestion: true });
  await wakeBackend({ url, ...client.address, model: "digits-s", requests: 2, signal });
}

test.each([
  ["at once", (headers: readonly string[]) => headers],
  ["a while later", async (headers: readonly string[]) => headers],
])("every call carries the credentials of its backend that are there %s", async (_, give) => {
  const asked: OutgoingCall[] = [];
  await using pair = await openPair((call) => {
    asked.push(call);
    return give(["authorization", `Bearer ${asked.length}`, "x-more", "yes"]);
  });
  await callAll(pair);
  const shown = pair.headers().map(({ authorization, "x-more": more }) => `${authorization} ${more}`);
  expect(shown.toSorted()).toEqual([1, 2, 3, 4, 5, 6].map((n) => `Bearer ${n} yes`));
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "GET /below/v2/models/digits-s",
    "POST /below/v2/models/digits-s/versions/2/infer",
    "POST /below/v2/models/m/infer?x=1",
    "GET /below/v2/models/m/infer?x=1",
    "GET /below/v2/models/digits-s",
    "GET /below/v2/models/digits-s",
  ]);
  const bodies = asked.map(({ body }) => body && (body instanceof Uint8Array ? body.byteLength : "pieces"));
  expect(bodies).toEqual([undefined, expect.any(Number), 6, undefined, undefined, undefined]);
});

test("a client of a backend that lets anybody in shows nothing", async () => {
  await using pair = await openPair(undefined);
  await callAll(pair);
  expect(pair.headers().filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  expect(pair.client.address).toEqual({ url: pair.url });
});

test("a caller's own credentials go no further, and cannot stand in for those of the gateway", async () => {
  const callers = {
    Authorization: "Bearer caller",
    Cookie: "caller=1",
    "Tradewind-Signature": "v1 caller",
    "X-Serverless-Authorization": "Bearer caller",
    "Proxy-Authorization": "Basic caller",
    "X-Api-Key": "caller",
    "Triton-Kept": "yes",
  };
  for (const authorize of [undefined, () => ["tradewind-signature", "v1 ours", "triton-kept", "ours"]]) {
    await using pair = await openPair(authorize);
    await pair.client.pass({ ...passing, headers: callers, body: Buffer.from("t"), signal: noHurry() });
    const [headers] = pair.headers();
    expect(JSON.stringify(headers)).not.toContain("caller");
    expect(headers).toMatchObject(
      authorize ? { "tradewind-signature": "v1 ours", "triton-kept": "ours" } : { "triton-kept": "yes" },
    );
  }
});

const secretWords = "AADSTS70011: tenant 1234";

test.each([
  [
    "throws",
    () => {
      throw new Error(secretWords);
    },
  ],
  [
    "refuses",
    async () => {
      throw new TradewindError("provider_forbidden", secretWords);
    },
  ],
  ["gives a name without a value", () => ["authorization"]],
] satisfies [string, Authorize][])(
  "where whoever has the credentials %s, the backend counts as out of reach, and nobody hears why",
  async (_, authorize) => {
    await using pair = await openPair(authorize);
    const failed = expect.objectContaining({
      code: "backend_unreachable",
      message: expect.not.stringContaining("AADSTS"),
      cause: expect.any(Error),
    });
    await expect(pair.client.describe("digits-s", { signal: noHurry() })).rejects.toEqual(failed);
    await expect(pair.client.detect({ model, image, options, signal: noHurry() })).rejects.toEqual(failed);
    const waking = { url: pair.url, model: "m", requests: 1, authorize, signal: noHurry() };
    await expect(wakeBackend(waking)).rejects.toEqual(failed);
    expect(pair.heard).toEqual([]);
  },
);

test("credentials that never come are waited for no longer than the answer is", async () => {
  await using pair = await openPair(() => new Promise(() => {}));
  const leaving = new AbortController();
  const asking = pair.client.detect({ model, image, options, signal: leaving.signal });
  leaving.abort(new TradewindError("caller_left", "gone"));
  await expect(asking).rejects.toMatchObject({ code: "caller_left" });
  const late = pair.client.describe("digits-s", { signal: AbortSignal.timeout(10) });
  await expect(late).rejects.toMatchObject({ code: "deadline_exceeded" });
});

test("for a call that nobody waits for any more, no credentials are fetched", async () => {
  let asked = 0;
  await using pair = await openPair(() => {
    asked += 1;
    return [];
  });
  const asking = pair.client.describe("digits-s", { signal: AbortSignal.abort() });
  await expect(asking).rejects.toMatchObject({ code: "deadline_exceeded" });
  expect(asked).toBe(0);
});
