import { gzipSync } from "node:zlib";
import { type Random, seededRandom } from "../../support/random.ts";
import { jpeg, type Made, type Mutator, pick, plain, type Target, type WrongRequest } from "./compose.ts";
import { garbled, hugeJpeg, hugePng, randomBytes, shuffled, truncated } from "./images.ts";
import {
  brokenChunks,
  brokenLine,
  chunked,
  endlessChunks,
  leftHalfWay,
  shortLength,
  twoFramings,
  vastLength,
} from "./odd-framing.ts";
import {
  oddHeaders,
  oddKey,
  oddLength,
  oddModel,
  oddPath,
  oddQuery,
  oddType,
  vastHeaders,
} from "./odd-parts.ts";

/** The request of this seed and place, always the same. */
export function wrongRequest(target: Target, { seed, index }: { seed: number; index: number }): WrongRequest {
  const random = seededRandom(seed * 1_000_003 + index);
  const [kind, make] = pick(mutators, random);
  return { kind, leaves: false, mayPass: false, unframed: false, ...make(target, random) };
}

const types = [
  "image/jpeg",
  "image/png",
  "image/webp",
  "application/octet-stream",
  "text/plain",
  "image/svg+xml",
];
const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/hostname"/></svg>';

const mutators: readonly (readonly [kind: string, make: Mutator])[] = [
  ["empty body", (target) => plain(target, { body: Buffer.alloc(0) })],
  [
    "text body",
    (target, random) => plain(target, { body: Buffer.from("hello ".repeat(random.integer(1, 99))) }),
  ],
  ["svg", (target, random) => typed(target, random, Buffer.from(svg))],
  ["random bytes", (target, random) => typed(target, random, randomBytes(random.integer(1, 4000), random))],
  [
    "truncated image",
    (target, random) => typed(target, random, truncated(anyImage(target, random), random), true),
  ],
  [
    "garbled image",
    (target, random) => typed(target, random, garbled(anyImage(target, random), random), true),
  ],
  [
    "shuffled image",
    (target, random) => typed(target, random, shuffled(anyImage(target, random), random), true),
  ],
  ["image with a tail", (target, random) => typed(target, random, tailed(target, random), true)],
  ["huge png", (target, random) => plain(target, { body: hugePng(target.images.png, random) })],
  ["huge jpeg", (target, random) => plain(target, { body: hugeJpeg(target.images.jpeg, random) })],
  ["odd type", (target, random) => ({ ...plain(target, { headers: oddType(random) }), mayPass: true })],
  ["odd encoding", oddEncoding],
  [
    "odd query",
    (target, random) => ({ ...plain(target, { path: target.path + oddQuery(random) }), mayPass: true }),
  ],
  [
    "odd key",
    (target, random) => plain(target, { headers: { ...jpeg, authorization: oddKey(target, random) } }),
  ],
  ["odd model", (target, random) => plain(target, { path: `/v1/models/${oddModel(random)}/detect` })],
  ["odd path", (target, random) => ({ ...plain(target, { path: oddPath(target, random) }), mayPass: true })],
  ["odd method", (target, random) => plain(target, { method: pick(methods, random) })],
  ["odd tensor request", oddTensorRequest],
  ["odd headers", (target, random) => ({ ...plain(target, { headers: oddHeaders(random) }), mayPass: true })],
  ["vast headers", (target, random) => plain(target, { headers: vastHeaders(random) }, { unframed: true })],
  ["vast declared length", vastLength],
  ["short declared length", shortLength],
  ["left half-way", leftHalfWay],
  ["chunked", (target, random) => ({ ...chunked(target, random), mayPass: true })],
  ["broken chunks", brokenChunks],
  ["endless chunks", endlessChunks],
  ["two framings", twoFramings],
  ["broken request line", brokenLine],
];

const methods = ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"];

function typed(target: Target, random: Random, body: Buffer, mayPass = false): Made {
  return plain(target, { headers: { "content-type": pick(types, random) }, body }, { mayPass });
}

function anyImage({ images }: Target, random: Random): Buffer {
  return pick([images.jpeg, images.png, images.webp], random);
}

function tailed(target: Target, random: Random): Buffer {
  return Buffer.concat([anyImage(target, random), randomBytes(random.integer(1, 2000), random)]);
}

function oddEncoding(target: Target, random: Random): Made {
  const encoding = pick(
    ["gzip", "br", "deflate", "zstd", "identity, gzip", "nonsense", "gzip, gzip"],
    random,
  );
  const body = random.chance(0.5) ? gzipSync(target.images.jpeg) : target.images.jpeg;
  return plain(target, { headers: { ...jpeg, "content-encoding": encoding }, body }, { mayPass: true });
}

function oddTensorRequest(target: Target, random: Random): Made {
  const input = { name: "image", datatype: "BYTES", shape: [1], data: ["AAAA"] };
  const odd: unknown[] = [
    null,
    [],
    {},
    { inputs: null },
    { inputs: [] },
    { inputs: [{}] },
    { inputs: [{ ...input, shape: [-1] }] },
    { inputs: [{ ...input, datatype: "FP32" }] },
    { inputs: [{ ...input, data: [[[["deep"]]]] }] },
    { inputs: [input], parameters: { conf: "x" } },
    { inputs: Array.from({ length: 500 }, () => input) },
  ];
  const text = JSON.stringify(pick(odd, random));
  const body = Buffer.from(random.chance(0.3) ? text.slice(0, random.integer(0, text.length)) : text);
  const headers = {
    "content-type": "application/json",
    "inference-header-content-length": oddLength(random),
  };
  return plain(target, { path: "/v2/models/digits-s/infer", headers, body });
}
