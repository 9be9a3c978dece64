import { expect, test } from "vitest";
import type { Answered } from "#edge/answer/running-model.ts";
import { tellAnswers } from "#edge/answer/tell-answers.ts";
import type { Detect } from "#inference/serve-model.ts";
import { type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { detection, imageAnswer } from "#test/support/fake-open-model.ts";

const run = { options: { conf: 0.25, iou: 0.7, maxDetections: 300 }, signal: new AbortController().signal };

async function toldOf(detect: Detect): Promise<Answered[]> {
  const told: Answered[] = [];
  const clock = createFakeClock();
  const slow: Detect = (image, how) => {
    clock.advance(12);
    return detect(image, how);
  };
  const telling = tellAnswers(slow, { model: "digits", release: 3, clock, tell: (each) => told.push(each) });
  await telling(Buffer.alloc(0), run).catch(() => {});
  return told;
}

const usual = { model: "digits", release: 3, ms: 12 };

test("an answer is told with how many things it holds and how sure they are", async () => {
  const detections = [detection, { ...detection, score: 0.4 }];
  const [told] = await toldOf(() => Promise.resolve({ ...imageAnswer, detections }));
  expect(told).toEqual({ ...usual, failed: false, detections: 2, meanScore: expect.closeTo(0.6) });
});

test("an answer with nothing in it has no mean score", async () => {
  const [told] = await toldOf(() => Promise.resolve({ ...imageAnswer, detections: [] }));
  expect(told).toEqual({ ...usual, failed: false, detections: 0, meanScore: undefined });
});

test.each<ErrorCode>(["internal", "model_not_ready", "backend_failed"])(
  "a model that fails as %s is told as failed",
  async (code) => {
    const told = await toldOf(() => Promise.reject(new TradewindError(code, "it broke")));
    expect(told).toEqual([{ ...usual, failed: true, detections: 0, meanScore: undefined }]);
  },
);

test("a stranger's error is the model's failure", async () => {
  expect(await toldOf(() => Promise.reject(new Error("out of memory")))).toHaveLength(1);
});

test.each<ErrorCode>(["image_undecodable", "caller_left", "deadline_exceeded", "queue_timeout", "draining"])(
  "an image that failed as %s says nothing of the model",
  async (code) => {
    expect(await toldOf(() => Promise.reject(new TradewindError(code, "not the model")))).toEqual([]);
  },
);
