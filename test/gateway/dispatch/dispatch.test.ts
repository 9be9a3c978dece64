import { expect, test } from "vitest";
import type { OpenInferenceClient } from "#adapters/open-inference.ts";
import type { Course, DispatchHooks } from "#gateway/dispatch/dispatch.ts";
import type { Backend } from "#gateway/fleet/snapshot.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import { backendAt, openDispatcher, routeOver } from "#test/support/routes.ts";

const model = {
  name: "m",
  version: "1",
  versions: ["1"],
  task: "detect",
  names: [],
  precision: "fp32",
  input: { width: 1, height: 1 },
} as const;
const answer = {
  image: { width: 1, height: 1 },
  detections: [],
  timings: { queue: 0, preprocess: 0, inference: 0, postprocess: 0 },
};

function backendThat(id: string, asked: string[], failure?: ErrorCode): Backend {
  const detect = async () => {
    asked.push(id);
    if (failure) throw new TradewindError(failure, failure);
    return answer;
  };
  const client: OpenInferenceClient = {
    detect,
    describe: async () => model,
    pass: async () => ({ status: 200, headers: {}, body: Buffer.alloc(0) }),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  return backendAt({ id, url: `http://${id}`, client });
}

const send = (
  groups: Backend[][],
  {
    known = () => true,
    signal = AbortSignal.timeout(1_000),
    ...hooks
  }: DispatchHooks & { known?: (backend: Backend) => boolean; signal?: AbortSignal } = {},
) => {
  const { pool, backends } = routeOver(groups, { model: "m" });
  return openDispatcher().dispatch({
    pool,
    backends,
    able: ({ place }) => known(backends[place] as Backend),
    bytes: 1,
    deadlineAt: systemClock.elapsed() + 1_000,
    send: (backend, { signal }) =>
      backend.client.detect({ model, image: [], options: { conf: 0, iou: 0, maxDetections: 1 }, signal }),
    signal,
    ...hooks,
  });
};

test("the first group answers when all is well", async () => {
  const asked: string[] = [];
  const { backend } = await send([[backendThat("a", asked)], [backendThat("c", asked)]]);
  expect({ backend: backend.id, asked }).toEqual({ backend: "a", asked: ["a"] });
});

test("a failure that another backend may not share moves on to the next, across groups", async () => {
  const asked: string[] = [];
  const groups = [
    [backendThat("a", asked, "backend_unreachable")],
    [backendThat("b", asked, "backend_full"), backendThat("c", asked)],
  ];
  const { backend } = await send(groups);
  expect({ backend: backend.id, first: asked[0], last: asked.at(-1) }).toEqual({
    backend: "c",
    first: "a",
    last: "c",
  });
});

test("a caller's own mistake is not tried elsewhere", async () => {
  const asked: string[] = [];
  await expect(
    send([[backendThat("a", asked, "image_undecodable")], [backendThat("b", asked)]]),
  ).rejects.toMatchObject({
    code: "image_undecodable",
  });
  expect(asked).toEqual(["a"]);
});

test("after three failures the last one is the answer", async () => {
  const asked: string[] = [];
  const groups = ["a", "b", "c", "d"].map((id) => [backendThat(id, asked, "backend_failed")]);
  await expect(send(groups)).rejects.toMatchObject({ code: "backend_failed" });
  expect(asked).toEqual(["a", "b", "c"]);
});

test("a backend that is not known to have the model is passed over", async () => {
  const asked: string[] = [];
  const { backend } = await send([[backendThat("a", asked), backendThat("b", asked)]], {
    known: ({ id }) => id === "b",
  });
  expect({ backend: backend.id, asked }).toEqual({ backend: "b", asked: ["b"] });
  await expect(send([[]])).rejects.toMatchObject({ code: "backend_none" });
});

/** What whoever explains a request is told, in turn. */
function listen() {
  const told: unknown[] = [];
  const hooks: DispatchHooks = {
    onChoice: ({ lanes }) => told.push(`choice among ${lanes.length}`),
    onFailure: ({ lane, kind }, code) => told.push(`${kind} at ${lane.standing.name}: ${code}`),
    onEnd: ({ ending, tries }, code) => told.push({ ending, tries: tries.length, code }),
  };
  return { told, hooks };
}

test("whoever explains a request is told of its first choice, of each failure, and once of its end", async () => {
  const { told, hooks } = listen();
  await send([[backendThat("a", [], "backend_failed")], [backendThat("b", [])]], hooks);
  expect(told).toEqual([
    "choice among 2",
    "first at a: backend_failed",
    { ending: "answered", tries: 2, code: undefined },
  ]);
});

test("the end of a request that fails is told with the code that its caller gets", async () => {
  const { told, hooks } = listen();
  await expect(send([[backendThat("a", [], "image_undecodable")]], hooks)).rejects.toMatchObject({
    code: "image_undecodable",
  });
  expect(told.at(-1)).toEqual({ ending: "failed", tries: 1, code: "image_undecodable" });
  const nobody = listen();
  const asked = send([[backendThat("a", [])]], { ...nobody.hooks, known: () => false });
  await expect(asked).rejects.toMatchObject({ code: "backend_none" });
  expect(nobody.told).toEqual([{ ending: "failed", tries: 0, code: "backend_none" }]);
});

test("a request whose caller leaves ends with that, and what its tries do later is told to nobody", async () => {
  const { told, hooks } = listen();
  const leaving = new AbortController();
  const late = Promise.withResolvers<typeof answer>();
  const slow = backendThat("a", []);
  const client = { ...slow.client, detect: () => late.promise };
  const asked = send([[{ ...slow, client }]], { ...hooks, signal: leaving.signal });
  leaving.abort(new TradewindError("caller_left", "gone"));
  await expect(asked).rejects.toMatchObject({ code: "caller_left" });
  late.reject(new TradewindError("backend_failed", "late"));
  await late.promise.catch(() => undefined);
  expect(told).toEqual(["choice among 1", { ending: "given up", tries: 1, code: "caller_left" }]);
});

/** A backend that is asked by `ask`, with what was left under way there when all is over. */
async function askedBy(
  ask: () => Promise<unknown>,
  hooks: DispatchHooks = {},
): Promise<{ readonly outcome: unknown; readonly underWay: number | undefined }> {
  const { pool, backends } = routeOver([[backendThat("a", [])]], { model: "m" });
  const asked = openDispatcher().dispatch({
    ...{ pool, backends, bytes: 1, able: () => true, signal: AbortSignal.timeout(1_000), ...hooks },
    deadlineAt: systemClock.elapsed() + 1_000,
    send: ask,
  });
  const outcome = await asked.then(
    (dispatched) => dispatched.answer,
    (error: unknown) => error,
  );
  return { outcome, underWay: pool.lanes[0]?.standing.inFlight };
}

test.each(["onChoice", "onFailure", "onEnd"] as const)(
  "a record that cannot be made loses no request: %s",
  async (hook) => {
    const failing = {
      [hook]: () => {
        throw new Error("nobody can write that down");
      },
    };
    const answered = askedBy(async () => "an answer", failing);
    expect(await answered).toEqual({ outcome: "an answer", underWay: 0 });
    const mistaken = new TradewindError("image_undecodable", "no image");
    const refused = askedBy(() => Promise.reject(mistaken), failing);
    expect(await refused).toEqual({ outcome: mistaken, underWay: 0 });
  },
);

test("who cannot even be asked has failed, and nothing of it stays under way", async () => {
  const failed = await askedBy(() => {
    throw new TradewindError("internal", "not even asked");
  });
  expect(failed).toMatchObject({ outcome: { code: "internal" }, underWay: 0 });
});

test("an answer that says nothing is one all the same", async () => {
  expect(await askedBy(async () => undefined)).toEqual({ outcome: undefined, underWay: 0 });
});

test("who was woken on the way, and for how much, is told when the request ends", async () => {
  const cost = { billing: "instance", usdPerSecond: 0.001, idleMs: 60_000, coldMs: 5_000 } as const;
  const client = backendThat("a", []).client;
  const sleeper = backendAt({ id: "b", url: "http://b", client }, cost);
  const { pool, backends } = routeOver([[backendThat("a", []), sleeper]], { model: "m" });
  pool.waking.lackUsd = 1;
  const told: Course["woken"][] = [];
  const call = () =>
    openDispatcher().dispatch({
      ...{ pool, backends, able: ({ place }) => place === 0, bytes: 1 },
      deadlineAt: systemClock.elapsed() + 1_000,
      send: async () => "answer",
      signal: AbortSignal.timeout(1_000),
      onEnd: ({ woken }) => told.push(woken),
    });
  await call();
  await call();
  const [first, second] = told;
  expect(first?.lane.standing.name).toBe("b");
  expect(first?.usd).toBeGreaterThan(0);
  expect(first?.usd).toBe(pool.lanes[1]?.standing.spending.spentThisHour(systemClock.now()));
  expect(second).toBeUndefined();
});
