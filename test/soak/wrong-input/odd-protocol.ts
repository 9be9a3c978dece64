import type { Random } from "../../support/random.ts";
import { mutatedRequest } from "../protocol/mutate.ts";
import { type Made, pick, plain, type Target } from "./compose.ts";

/**
 * What is sent at backends is sent at the gateway, with a key: the mutations of the protocol's own soak, most of them at
 * a model that is here.
 */
export function mutatedProtocol(target: Target, random: Random): Made {
  const aim = { host: target.host, images: target.images };
  const { kind, ...made } = mutatedRequest(aim, { seed: random.bits(), index: random.bits() });
  const [first, ...rest] = made.bytes;
  const bytes = first ? [withKey(first, target, random), ...rest] : [];
  // What is never finished there is too large; here it would only be waited for.
  const end = kind === "too large" ? "leaves" : made.end;
  // Who is refused while he still sends slowly may write into a closed connection, and then not read why.
  const unframed = made.unframed || made.slow;
  // In a chain only the first request has a key.
  return { ...made, bytes, end, unframed, mayPass: true };
}

/** The request line's model is replaced and a header put behind it; where no whole line came, nothing is done. */
function withKey(bytes: Buffer, { key }: Target, random: Random): Buffer {
  const end = bytes.indexOf("\r\n");
  if (end < 0) return bytes;
  const line = bytes.toString("latin1", 0, end);
  const here = random.chance(0.7)
    ? line.replace(/models\/[a-z0-9_]+\//, `models/${pick(names, random)}/`)
    : line;
  if (!/ HTTP\/1\.[01]$/.test(line)) return bytes;
  return Buffer.concat([
    Buffer.from(`${here}\r\nauthorization: Bearer ${key}`, "latin1"),
    bytes.subarray(end),
  ]);
}

const names = ["digits-s", "digits-s", "digits-n", "digits-s-tensor"];

/** The head says one length, the bytes another; inputs that are none. */
export function oddTensorRequest(target: Target, random: Random): Made {
  const input = { name: "image", datatype: "BYTES", shape: [1], data: ["AAAA"] };
  const odd: unknown[] = [
    null,
    [],
    {},
    { inputs: null },
    { inputs: [] },
    { inputs: [{}] },
    { inputs: [null] },
    { inputs: [{ ...input, shape: [-1] }] },
    { inputs: [{ ...input, shape: [1e9] }] },
    { inputs: [{ ...input, datatype: "FP32" }] },
    { inputs: [{ ...input, data: [[[["deep"]]]] }] },
    { inputs: [{ ...input, parameters: { binary_data_size: -1 } }] },
    { inputs: [input], parameters: { conf: "x" } },
    { inputs: [input], parameters: { __proto__: 1, sequence_id: 5 } },
    { inputs: Array.from({ length: 500 }, () => input) },
  ];
  const text = JSON.stringify(pick(odd, random));
  const body = Buffer.from(random.chance(0.3) ? text.slice(0, random.integer(0, text.length)) : text);
  const headers = {
    "content-type": "application/json",
    "inference-header-content-length": oddLength(random),
  };
  const version = pick(["", "", "/versions/1", "/versions/99", "/versions/%00"], random);
  return plain(target, { path: `/v2/models/digits-s${version}/infer`, headers, body });
}

function oddLength(random: Random): string | undefined {
  return pick([undefined, undefined, "0", "-1", "5", "99999999", "1e3", "x", "9".repeat(400), "0x1"], random);
}
