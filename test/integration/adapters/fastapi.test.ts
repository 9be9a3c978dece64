import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Detection } from "#inference/contract.ts";
import { makeVenv } from "#test/bench/inference/make-venv.ts";
import { serveFastapi } from "#test/bench/inference/serve-fastapi.ts";
import { keysYaml, makeFileKey, startGateway } from "#test/support/gateway-process.ts";
import { repository } from "#test/support/run-tradewind.ts";

const demo = join(repository, "inference/models/demo");
const signal = AbortSignal.timeout(120_000);

/** The Python of a full bench run, if there was one on this machine; a test downloads nothing. */
const peer = await makeVenv({ mayInstall: false, say: () => {}, signal });
if ("skipped" in peer) console.warn(`skipped: the FastAPI peer, since ${peer.skipped}`);

type Truth = Readonly<Record<string, { readonly objects: readonly Pick<Detection, "name" | "box">[] }>>;

/** The peer as it stands beside the bench, which knows nothing of any gateway. */
const rest = {
  path: "/detect",
  query: { conf: "conf", iou: "iou" },
  health: "/ready",
  names: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  answer: { score: "scores", class: "classes", box: "boxes" },
};

test.skipIf("skipped" in peer)(
  "a detector behind FastAPI joins the pool as it is, and finds what is in the pictures",
  { timeout: 120_000 },
  async () => {
    const python = "python" in peer ? peer.python : "";
    const path = join(demo, "digits-s/1/model.onnx");
    await using fastapi = await serveFastapi({ python, path, threads: 1, intraOp: 1, signal });
    const key = makeFileKey();
    const urls = [`http://127.0.0.1:${fastapi.port}`];
    const config = { providers: { there: { kind: "static", urls, wire: "rest", rest } } };
    await using gateway = await startGateway({ backend: "http://unused", config, keys: keysYaml([key]) });
    const truth: Truth = JSON.parse(await readFile(join(demo, "samples/truth.json"), "utf8"));
    const file = "samples/02-320x320.jpg";
    const { objects = [] } = truth[file] ?? {};
    expect(objects.length).toBeGreaterThan(1);
    const body = await readFile(join(demo, file));
    const reply = await gateway.ask("/v1/models/digits-s/detect?conf=0.5", { key: key.text, body });
    expect(reply.status).toBe(200);
    const found = reply.json.detections as readonly Detection[];
    expect(found.map(({ name }) => name).sort()).toEqual(objects.map(({ name }) => name).sort());
    for (const { name, box } of objects) {
      const same = found.find((one) => one.name === name && Math.abs(one.box.x1 - box.x1) < 8);
      expect(same, `the ${name} at ${box.x1}`).toBeDefined();
      expect(Math.abs((same?.box.y2 ?? 0) - box.y2)).toBeLessThan(8);
    }
    const text = await gateway.ask("/v1/models/digits-s/detect", { key: key.text, body: "no image" });
    expect(text.status).toBe(415);
  },
);
