import { expect, test, vi } from "vitest";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { answerOf, failureOf, image, model, noHurry, options } from "#test/support/ask-backend.ts";
import { inferAnswer, json, startFakeBackend } from "#test/support/fake-backend.ts";

test("an answer without end is cut off", async () => {
  const failure = await failureOf((_, response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      response.once("drain", pour);
    };
    pour();
  });
  expect(failure.code).toBe("backend_answer_invalid");
});

test("whoever gives up is told why they gave up", async () => {
  const reason = new TradewindError("caller_left", "gone");
  const giveUp = new AbortController();
  expect(await failureOf(() => giveUp.abort(reason), giveUp.signal)).toBe(reason);
  expect((await failureOf(() => {}, AbortSignal.timeout(50))).code).toBe("deadline_exceeded");
});

test("an answer that says it is too long is not read", async () => {
  const failure = await failureOf((_, response) => {
    response.writeHead(200, { "content-length": "5000000" }).write("{");
  });
  expect(failure).toMatchObject({
    code: "backend_answer_invalid",
    message: expect.stringContaining("4194304"),
  });
});

test("an answer in many small pieces is put together", async () => {
  const text = JSON.stringify(inferAnswer);
  const answer = await answerOf((_, response) => {
    let at = 0;
    const drip = (): void => {
      const piece = text.slice(at, at + 7);
      at += 7;
      if (piece === "") response.end();
      else response.write(piece, () => setImmediate(drip));
    };
    drip();
  });
  expect(answer.detections).toHaveLength(1);
});

test("something that is no HTTP is an invalid answer", async () => {
  const failure = await failureOf((_, response) => void response.socket?.end("SSH-2.0-OpenSSH_9.2\r\n"));
  expect(failure.code).toBe("backend_answer_invalid");
});

test("an answer that ends too early is a failure of the connection", async () => {
  const failure = await failureOf((_, response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write("{", () => response.destroy());
  });
  expect(failure.code).toBe("backend_failed");
});

test("of a refusal without end the beginning is enough", async () => {
  const failure = await failureOf((_, response) => {
    response.writeHead(503);
    const pour = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      response.once("drain", pour);
    };
    pour();
  });
  expect(failure.code).toBe("backend_full");
});

test("a request given up while it waits for a connection is over at once, and the connection lives on", async () => {
  const held: (() => void)[] = [];
  await using backend = await startFakeBackend({
    infer: (request, response) => void held.push(() => json(200, inferAnswer)(request, response)),
  });
  await using client = createOpenInferenceClient({ url: backend.url, connections: 1 });
  const first = client.detect({ model, image, options, signal: noHurry() });
  const reason = new TradewindError("caller_left", "gone");
  const leave = new AbortController();
  const waiting = client
    .detect({ model, image, options, signal: leave.signal })
    .catch((error: unknown) => error);
  leave.abort(reason);
  expect(await waiting).toBe(reason);
  await vi.waitFor(() => expect(held).toHaveLength(1));
  held[0]?.();
  await first;
  const third = client.detect({ model, image, options, signal: noHurry() });
  await vi.waitFor(() => expect(held).toHaveLength(2));
  held[1]?.();
  await third;
  const ports = backend.requests.map(({ socket }) => socket.remotePort);
  expect(ports).toEqual([ports[0], ports[0]]);
});

test("giving up reaches the backend as a closed connection", async () => {
  const closed = Promise.withResolvers<boolean>();
  const leave = new AbortController();
  const answer = failureOf((request) => {
    request.socket.once("close", () => closed.resolve(true));
    leave.abort();
  }, leave.signal);
  expect((await answer).code).toBe("deadline_exceeded");
  expect(await closed.promise).toBe(true);
});

test("a signal that is aborted already sends nothing", async () => {
  await using backend = await startFakeBackend();
  await using client = createOpenInferenceClient({ url: backend.url });
  const reason = new TradewindError("caller_left", "gone");
  const signal = AbortSignal.abort(reason);
  await expect(client.detect({ model, image, options, signal })).rejects.toBe(reason);
  expect(backend.requests).toHaveLength(0);
});
