import type { Random } from "../../support/random.ts";
import { pick } from "../wrong-input/compose.ts";
import { type Aim, type Made, sent } from "./draft.ts";
import { goodRequest } from "./good-requests.ts";
import { oddValue, sizes } from "./odd-json.ts";

/** What a request says beside its tensors. */
export function oddParameters(aim: Aim, random: Random): Made {
  const draft = goodRequest(aim, random);
  const name = pick(parameterNames, random);
  const given = { [name]: random.chance(0.7) ? oddValue(random) : pick(sizes, random) };
  const outputs = random.chance(0.4) ? { outputs: pick(oddOutputs, random) } : {};
  return sent(aim, { ...draft, json: { ...(draft.json as object), parameters: given, ...outputs } });
}

const parameterNames = [
  "priority",
  "timeout",
  "binary_data_output",
  "sequence_id",
  "sequence_start",
  "conf",
  "iou",
  "max_detections",
  "agnostic",
  "multi_label",
  "headers",
  "triton_enable_empty_final_response",
  "__proto__\u0002",
  "toString",
  "",
  "p".repeat(2_000),
];

const output = (parameters: unknown) => ({ name: "OUTPUT0", parameters });

const oddOutputs: readonly unknown[] = [
  [],
  {},
  null,
  "OUTPUT0",
  [null],
  [{}],
  [{ name: "no" }],
  [{ name: "OUTPUT0" }, { name: "OUTPUT0" }],
  [output({ classification: 1e9 })],
  [output({ classification: -1 })],
  [output({ classification: 0.5 })],
  [output({ classification: "3" })],
  [output({ classification: 1 })],
  [output({ binary_data: "yes" })],
  [output({ binary_data: true })],
  [output({ shared_memory_region: "r" })],
  [output([])],
  [{ name: "boxes" }, { name: "counts" }],
  Array.from({ length: 2_000 }, () => ({ name: "OUTPUT0" })),
];
