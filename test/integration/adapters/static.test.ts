import { expect, test, vi } from "vitest";
import { startFakeBackend } from "#test/support/fake-backend.ts";
import { keysYaml, makeFileKey, patiently, picture, startGateway } from "#test/support/gateway-process.ts";
import { restOfDetector, startRestDetector } from "#test/support/rest-detector.ts";

const key = makeFileKey();
const env = { TEAM_KEY: "the-teams-own-key" };
const models = { "digits-s": { source: "x" } };

const team = (url: string, more: object = {}) => ({
  kind: "static",
  urls: [url],
  wire: "rest",
  rest: restOfDetector,
  usdPerRequest: 0.000_01,
  ...more,
});

const routes = (...failover: readonly (readonly string[])[]) => [
  { models: ["digits-s"], slo: "2s", failover, cache: "off" },
];

const start = (providers: Record<string, object>, failover: readonly (readonly string[])[]) =>
  startGateway({
    backend: "http://127.0.0.1:1",
    config: { models, providers, routes: routes(...failover) },
    keys: keysYaml([key]),
    env,
  });

test("a team's own server joins the pool unchanged: forms go in, boxes in pixels come out", async () => {
  await using detector = await startRestDetector({ key: env.TEAM_KEY });
  await using gateway = await start({ team: team(detector.url) }, [["team"]]);
  const body = await picture(1);
  const { status, json } = await gateway.ask("/v1/models/digits-s/detect?conf=0.25", { key: key.text, body });
  expect(status).toBe(200);
  const { image, detections } = json as {
    image: { width: number; height: number };
    detections: { name: string; class: number; score: number; box: Record<string, number> }[];
  };
  expect(detections.map(({ name, class: number, score }) => [name, number, score])).toEqual([
    ["cat", 0, 0.9],
    ["dog", 1, 0.3],
  ]);
  expect(detections[0]?.box.x1).toBeCloseTo(0.1 * image.width, 3);
  expect(detections[0]?.box.y2).toBeCloseTo(0.45 * image.height, 3);
  expect(detector.seen).toHaveLength(1);
  expect(detector.seen[0]?.limit).toBe("50");
  const sure = await gateway.ask("/v1/models/digits-s/detect?conf=0.5", { key: key.text, body });
  expect((sure.json.detections as unknown[]).length).toBe(1);
});

test("where it fails the others answer, and what it blames on the image is the caller's", async () => {
  await using detector = await startRestDetector({ key: env.TEAM_KEY });
  await using other = await startFakeBackend();
  const providers = { team: team(detector.url), other: { kind: "static", urls: [other.url] } };
  await using gateway = await start(providers, [["team"], ["other"]]);
  const ask = async (number: number) =>
    await gateway.ask("/v1/models/digits-s/detect", { key: key.text, body: await picture(number) });
  expect((await ask(1)).headers.get("tradewind-backend") ?? "team").toContain("team");
  detector.fail(503, { "retry-after": "1" });
  const full = await ask(2);
  expect(full.status).toBe(200);
  expect((full.json.detections as { name: string }[])[0]?.name).toBe("one");
  await vi.waitFor(async () => {
    detector.fail(422);
    const blamed = await ask(3);
    expect(blamed.status).toBe(422);
    expect(JSON.stringify(blamed.json)).toContain("request_rejected");
  }, patiently);
});

test("the protocol's own requests go to those of a route that speak it", async () => {
  await using detector = await startRestDetector({ key: env.TEAM_KEY });
  await using other = await startFakeBackend();
  const body = JSON.stringify({ inputs: [{ name: "x", shape: [1], datatype: "FP32", data: [1] }] });
  const asked = { key: key.text, body, headers: { "content-type": "application/json" } };
  await using alone = await start({ team: team(detector.url) }, [["team"]]);
  const refused = await alone.ask("/v2/models/digits-s/infer", asked);
  expect(refused.status).toBe(422);
  expect(refused.text).toContain("model digits-s takes images only");
  const providers = { team: team(detector.url), other: { kind: "static", urls: [other.url] } };
  await using both = await start(providers, [["team"], ["other"]]);
  for (let time = 0; time < 20; time += 1) {
    expect((await both.ask("/v2/models/digits-s/infer", asked)).status).toBe(200);
  }
  expect((await both.ask("/v2/models/digits-s", { key: key.text })).status).toBe(200);
  expect(detector.seen).toEqual([]);
});

test("each address of a name is a backend of its own, called by that name", async () => {
  await using backend = await startFakeBackend();
  const { port } = new URL(backend.url);
  const named = { kind: "static", urls: [`http://localhost:${port}`], resolve: "dns", rediscover: "100ms" };
  await using gateway = await start({ named }, [["named"]]);
  const asked = async () =>
    (await gateway.ask("/v1/models/digits-s/detect", { key: key.text, body: await picture(1) })).status;
  await vi.waitFor(async () => expect(await asked()).toBe(200), patiently);
  expect(new Set(backend.requests.map(({ headers }) => headers.host))).toEqual(
    new Set([`localhost:${port}`]),
  );
});
