import { expect, test } from "vitest";
import type { OpenInferenceClient } from "#adapters/open-inference.ts";
import { candidates, dispatch } from "#gateway/dispatch/dispatch.ts";
import type { Backend } from "#gateway/fleet/snapshot.ts";
import { type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import { routeOver } from "#test/support/routes.ts";

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
  return { id, url: `http://${id}`, client, usdPerRequest: 0 };
}

const send = (
  groups: Backend[][],
  { known = () => true }: { known?: (backend: Backend) => boolean } = {},
) => {
  const find = (backend: Backend) => (known(backend) ? model : undefined);
  return dispatch({
    model: "m",
    candidates: candidates(routeOver(groups, { model: "m" }), { find }),
    image: [new Uint8Array(1)],
    options: { conf: 0, iou: 0, maxDetections: 1 },
    signal: AbortSignal.timeout(1_000),
  });
};

test("the first backend of the first group answers when all is well", async () => {
  const asked: string[] = [];
  const { backend } = await send([
    [backendThat("a", asked), backendThat("b", asked)],
    [backendThat("c", asked)],
  ]);
  expect({ backend: backend.id, asked }).toEqual({ backend: "a", asked: ["a"] });
});

test("a failure that another backend may not share moves on to the next, across groups", async () => {
  const asked: string[] = [];
  const groups = [
    [backendThat("a", asked, "backend_unreachable")],
    [backendThat("b", asked, "backend_full"), backendThat("c", asked)],
  ];
  const { backend } = await send(groups);
  expect({ backend: backend.id, asked }).toEqual({ backend: "c", asked: ["a", "b", "c"] });
});

test("a caller's own mistake is not tried elsewhere", async () => {
  const asked: string[] = [];
  await expect(
    send([[backendThat("a", asked, "image_undecodable"), backendThat("b", asked)]]),
  ).rejects.toMatchObject({
    code: "image_undecodable",
  });
  expect(asked).toEqual(["a"]);
});

test("after three failures the last one is the answer", async () => {
  const asked: string[] = [];
  const groups = [["a", "b", "c", "d"].map((id) => backendThat(id, asked, "backend_failed"))];
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
