import type { Random } from "../../support/random.ts";
import { pick } from "../wrong-input/compose.ts";
import { type Aim, again, type Made, raw, sent } from "./draft.ts";
import { models } from "./models.ts";
import { oddValue } from "./odd-json.ts";

function post(path: string, json: unknown) {
  return { method: "POST", path, headers: [], json, tail: Buffer.alloc(0) };
}

/** Loads and unloads, with rubbish in the name, in the body or in the model's settings. */
export function oddRepository(aim: Aim, random: Random): Made {
  const [name, deed] = [pick(names, random), pick(["load", "unload"], random)];
  const path = `/v2/repository/models/${name}/${deed}`;
  return sent(aim, post(path, random.chance(0.7) ? pick(loadBodies, random)(random) : oddValue(random)));
}

const names = [
  ...Array.from({ length: 9 }, () => models.spare),
  "no-such",
  "..",
  "%2e%2e",
  "%00",
  "a%2fb",
  "%zz",
  "",
  "__proto__",
  "n".repeat(3_000),
  `${models.spare}-tensor`,
  ".hidden",
  "\u00e9",
];

const configured = (config: unknown) => ({ parameters: { config } });

const loadBodies: readonly ((random: Random) => unknown)[] = [
  () => ({}),
  () => undefined,
  () => configured(""),
  (random) => configured(oddValue(random)),
  (random) => configured(JSON.stringify(pick(configs, random))),
  (random) => configured(JSON.stringify(pick(configs, random)).slice(0, random.integer(0, 40))),
  () => ({ parameters: { "file:1/model.onnx": "AAAA", config: "{}" } }),
  () => ({ parameters: { "file:../../x": "AAAA" } }),
  (random) => ({
    parameters: { [pick(["x", "__proto__\u0002", "", "toString"], random)]: oddValue(random) },
  }),
  (random) => ({ parameters: oddValue(random) }),
  () => ({ parameters: { unload_dependents: true } }),
  () => Buffer.from("{".repeat(5_000)),
  () => Buffer.alloc(1_200_000, 0x20),
];

const configs: readonly unknown[] = [
  {},
  [],
  null,
  0,
  { max_batch_size: -1 },
  { max_batch_size: 8 },
  { max_batch_size: 1e9 },
  { no_such: 1 },
  { backend: "python" },
  { imgsz: 32 },
  { imgsz: 4096 },
  { imgsz: [0, 0] },
  { names: ["a"] },
  { names: { 99999: "a" } },
  { task: "pose" },
  { task: "x" },
  { version_policy: { specific: { versions: [9] } } },
  { version_policy: { all: {} } },
  { version_policy: {} },
  { instance_group: [{ count: 2 }] },
  { instance_group: [{ count: 257 }] },
  { instance_group: [{ kind: "KIND_GPU" }] },
  { instance_group: Array.from({ length: 16 }, () => ({ count: 256 })) },
  { execution_providers: ["cuda"] },
  { execution_providers: [] },
  { model_warmup: [{ inputs: { images: { random_data: true, dims: [3, 64, 64] } } }] },
  { model_warmup: [{ inputs: { images: { zero_data: true, dims: [65536, 65536, 65536] } } }] },
  { model_warmup: [{ batch_size: 1024, count: 1000, inputs: {} }] },
  { sha256: { 1: "0".repeat(64) } },
  { labels: { output0: ["a"] } },
  { dynamic_batching: {} },
];

export function oddIndex(aim: Aim, random: Random): Made {
  const body = pick<unknown>(
    [
      undefined,
      {},
      { ready: true },
      { ready: "yes" },
      { ready: null },
      [],
      { [again("ready")]: false, ready: true },
      oddValue(random),
    ],
    random,
  );
  return sent(aim, post("/v2/repository/index", body));
}

/** What operators turn while the server runs. */
export function oddSettings(aim: Aim, random: Random): Made {
  const path = pick(
    [
      "/v2/logging",
      "/v2/trace/setting",
      `/v2/models/${models.spare}/trace/setting`,
      "/v2/models/no-such/trace/setting",
    ],
    random,
  );
  const setting = pick(settings, random);
  const body = random.chance(0.6) ? { [setting]: oddValue(random) } : pick(settingBodies, random);
  return sent(aim, post(path, body));
}

const settings = [
  "log_info",
  "log_warning",
  "log_error",
  "log_verbose_level",
  "log_format",
  "log_file",
  "trace_level",
  "trace_rate",
  "trace_count",
  "log_frequency",
  "trace_file",
  "trace_mode",
  "__proto__\u0002",
  "toString",
  "",
];

const settingBodies: readonly unknown[] = [
  undefined,
  {},
  [],
  null,
  { log_verbose_level: 1 },
  { log_verbose_level: 0 },
  { log_verbose_level: raw("1e999") },
  { log_info: true },
  { log_file: "/etc/passwd" },
  { log_format: "ISO8601" },
  { trace_level: ["TIMESTAMPS"], trace_rate: "1" },
  { trace_level: ["TENSORS"] },
  { trace_level: ["OFF"] },
  { trace_level: [] },
  { trace_rate: "0" },
  { trace_rate: 5 },
  { trace_count: "-2" },
  { trace_count: "3" },
  { trace_file: "trace.json" },
  { trace_level: null },
  Buffer.alloc(20_000, 0x7b),
  Buffer.from([0xff, 0xfe]),
];
