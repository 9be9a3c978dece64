import { expect, test } from "vitest";
import type { CloudAsk, Forwarder } from "#edge/answer/forward.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { openFakeApi } from "#test/support/fake-local-api.ts";
import { detection, imageAnswer } from "#test/support/fake-open-model.ts";

const cloudAnswer = { headers: { "content-type": "application/json" }, body: '{"from":"cloud"}' };

function forwarderThat(answer: Forwarder["ask"], when: Forwarder["when"] = "always") {
  const asked: CloudAsk[] = [];
  const ask: Forwarder["ask"] = (one) => {
    asked.push(one);
    return answer(one);
  };
  const forwarder: Forwarder = { when, below: 0.5, ask, [Symbol.asyncDispose]: () => Promise.resolve() };
  return { forwarder, asked };
}

const by = (headers: Headers): string | null => headers.get("x-tradewind-answered-by");

test("while the cloud is asked the device looks itself; of looks that nobody waits for one goes on", async () => {
  const { forwarder } = forwarderThat(() => Promise.resolve(cloudAnswer));
  const { fake, detect, running } = await openFakeApi({ forwarder });
  const looks: PromiseWithResolvers<typeof imageAnswer>[] = [];
  let givenUp = 0;
  fake.detect = (_, { signal }) => {
    const look = Promise.withResolvers<typeof imageAnswer>();
    signal.addEventListener("abort", () => {
      givenUp += 1;
      look.reject(signal.reason);
    });
    looks.push(look);
    return look.promise;
  };
  const told: boolean[] = [];
  using _ = running.onAnswer(({ failed }) => told.push(failed));
  for (let request = 0; request < 3; request += 1) {
    const { status, headers, body } = await detect();
    expect([status, by(headers), body]).toEqual([200, "cloud", { from: "cloud" }]);
  }
  expect([looks.length, givenUp]).toEqual([3, 2]);
  const dropping = running.drop("digits");
  looks[0]?.resolve(imageAnswer);
  await dropping;
  expect(told).toEqual([false]);
});

test("a look that nobody waits for is given up where another model took the place of the one that looks", async () => {
  let turned: Promise<void> | undefined;
  const { forwarder } = forwarderThat(async () => {
    const { signal } = new AbortController();
    const file = { name: "digits", version: "2", path: "y.onnx", release: 2, sha256: "2" };
    turned = api.running.turnTo(file, { signal });
    await expect.poll(() => api.running.find("digits")?.release).toBe(2);
    return cloudAnswer;
  });
  const api = await openFakeApi({ forwarder });
  const given: string[] = [];
  api.fake.detect = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        given.push(...api.fake.events);
        reject(signal.reason);
      });
    });
  expect(by((await api.detect()).headers)).toBe("cloud");
  await turned;
  expect(given).toEqual(["opened digits 1", "opened digits 2"]);
  expect(api.fake.events.at(-1)).toBe("closed digits 1");
});

test("where the cloud says nothing the device's own answer is given", async () => {
  const { forwarder } = forwarderThat(() => Promise.resolve(undefined));
  const { detect } = await openFakeApi({ forwarder });
  const { headers, body } = await detect();
  expect([by(headers), body.backend]).toEqual(["edge", "device"]);
});

test("the cloud is told how long the caller still waits, and what kind of answer is expected", async () => {
  const { forwarder, asked } = forwarderThat(() => Promise.resolve(undefined));
  const { detect } = await openFakeApi({ forwarder });
  await detect("?deadline=900&format=coco");
  await detect();
  expect(asked[0]?.expected).toEqual({ model: "digits", images: undefined, format: "coco" });
  expect(asked[0]?.leftMs).toBeLessThanOrEqual(900);
  expect(asked[1]?.leftMs).toBeGreaterThan(900);
});

test("the device's failure is no answer while the cloud has one, and the error where it has none", async () => {
  let answer: typeof cloudAnswer | undefined = cloudAnswer;
  const { forwarder } = forwarderThat(() => Promise.resolve(answer));
  const { fake, detect } = await openFakeApi({ forwarder });
  fake.detect = () => Promise.reject(new TradewindError("model_not_ready", "it broke"));
  expect(by((await detect()).headers)).toBe("cloud");
  answer = undefined;
  expect(await detect()).toMatchObject({ status: 503, body: { code: "model_not_ready" } });
});

test.each([
  ["is sure of everything", [0.9, 0.5], 0],
  ["found nothing", [], 0],
  ["half believes one thing", [0.9, 0.49], 1],
])(
  "a model that %s is asked for alone where only the unsure is forwarded: %j, %d",
  async (_, scores, times) => {
    const { forwarder, asked } = forwarderThat(() => Promise.resolve(cloudAnswer), "unsure");
    const { fake, detect } = await openFakeApi({ forwarder });
    const detections = scores.map((score) => ({ ...detection, score }));
    fake.detect = () => Promise.resolve({ ...imageAnswer, detections });
    const { headers } = await detect();
    expect([by(headers), asked.length]).toEqual([times === 0 ? "edge" : "cloud", times]);
  },
);

test.each([
  ["model_not_ready", "cloud"],
  ["image_undecodable", "edge"],
] as const)("of an unsure device that fails as %s the answer is the %s's", async (code, whose) => {
  const { forwarder } = forwarderThat(() => Promise.resolve(cloudAnswer), "unsure");
  const { fake, detect } = await openFakeApi({ forwarder });
  fake.detect = () => Promise.reject(new TradewindError(code, "it did not work"));
  expect(by((await detect()).headers)).toBe(whose);
});
