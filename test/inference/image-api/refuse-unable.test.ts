import { expect, test } from "vitest";
import type { ModelInfo } from "#inference/contract.ts";
import { refuseEncoded } from "#inference/image-api/refuse-encoded.ts";
import { refuseUnable } from "#inference/image-api/refuse-unable.ts";
import { serverTiming } from "#inference/image-api/server-timing.ts";

const info: ModelInfo = {
  ...{ name: "digits", version: "1", task: "detect", precision: "fp32" },
  ...{ names: ["0", "1"], input: { width: 1, height: 1 } },
};

test("a model is asked for its own task and its own classes alone", () => {
  const asked = { model: "digits", task: "detect", options: { classes: ["1"] } } as const;
  expect(() => refuseUnable(asked, info)).not.toThrow();
  expect(() => refuseUnable({ ...asked, task: "pose" }, info)).toThrow(
    expect.objectContaining({
      code: "task_unsupported",
      message: expect.stringContaining("/v1/models/digits/detect"),
    }),
  );
  expect(() => refuseUnable({ ...asked, options: { classes: ["zebra"] } }, info)).toThrow(
    expect.objectContaining({ code: "parameter_invalid" }),
  );
});

test("a body is sent as it is, and called so or nothing", () => {
  for (const encoding of [undefined, "identity"]) expect(() => refuseEncoded(encoding)).not.toThrow();
  for (const encoding of ["gzip", "br, identity", ""])
    expect(() => refuseEncoded(encoding)).toThrow(expect.objectContaining({ code: "encoding_unsupported" }));
});

test("an answer that nobody made now took its caller's time alone", () => {
  expect(serverTiming(undefined, 1.239)).toBe("total;dur=1.24");
  expect(serverTiming({ queue: 0, preprocess: 1.5, inference: 2, postprocess: 0.001 }, 4)).toBe(
    "queue;dur=0, preprocess;dur=1.5, inference;dur=2, postprocess;dur=0, total;dur=4",
  );
});
