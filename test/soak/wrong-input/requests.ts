import { gzipSync } from "node:zlib";
import { type Random, seededRandom } from "../../support/random.ts";
import {
  allowedOrigin,
  jpeg,
  type Made,
  type Mutator,
  pick,
  plain,
  type Target,
  type WrongRequest,
} from "./compose.ts";
import { good, limited } from "./good-requests.ts";
import { garbled, hugeJpeg, hugePng, randomBytes, shuffled, truncated } from "./images.ts";
import { oddForm } from "./odd-form.ts";
import {
  brokenChunks,
  brokenLine,
  chunked,
  endlessChunks,
  shortLength,
  twoFramings,
  vastLength,
} from "./odd-framing.ts";
import { oddHeaders, oddKey, vastHeaders } from "./odd-headers.ts";
import { oddBase64, oddJson, oddUrl } from "./odd-json.ts";
import { oddMetadata } from "./odd-metadata.ts";
import { oddModel, oddPath, otherTask, preflight, wrongVerb } from "./odd-places.ts";
import { mutatedProtocol, oddTensorRequest } from "./odd-protocol.ts";
import { oddQuery } from "./odd-query.ts";
import { oddAdmin, oddDocument, oddUsage } from "./odd-records.ts";
import { cutOff, leftHalfWay, pipelined, slowly } from "./odd-wire.ts";

/** The request of this seed and place, always the same. */
export function wrongRequest(
  target: Target,
  { seed, index }: { readonly seed: number; readonly index: number },
): WrongRequest {
  const random = seededRandom(seed * 1_000_003 + index);
  const [kind, make] = choose(random.integer(1, weights));
  return { kind, ...usual, ...make(target, random) };
}

const usual = {
  slow: false,
  end: "waits",
  unframed: false,
  requests: 1,
  mayPass: false,
  isGood: false,
  goodAt: [],
  allows: [],
} as const;

/** So many of all requests are of each kind; what keeps the gateway or the backend busy for longer is rarer. */
const mutators: readonly (readonly [kind: string, weight: number, make: Mutator])[] = [
  ["good", 5, good],
  ["limited", 2, limited],
  ["empty body", 1, (target) => plain(target, { body: Buffer.alloc(0) })],
  ["text body", 1, textBody],
  ["svg", 1, (target, random) => typed(target, random, Buffer.from(svg))],
  ["random bytes", 2, randomBody],
  ["spoilt image", 8, spoiltImage],
  ["odd metadata", 10, oddMetadata],
  ["huge image", 2, hugeImage],
  ["odd form", 10, oddForm],
  ["odd json", 8, oddJson],
  ["odd base64", 4, oddBase64],
  ["odd url", 4, oddUrl],
  ["odd encoding", 2, oddEncoding],
  ["odd query", 9, oddQuery],
  ["odd headers", 9, oddHeaders],
  ["odd key", 4, oddKey],
  ["wrong origin", 1, wrongOrigin],
  ["vast headers", 1, vastHeaders],
  ["odd model", 4, oddModel],
  ["other task", 2, otherTask],
  ["odd path", 3, oddPath],
  ["wrong verb", 3, wrongVerb],
  ["preflight", 2, preflight],
  ["protocol", 14, mutatedProtocol],
  ["odd tensor request", 2, oddTensorRequest],
  ["usage", 2, oddUsage],
  ["document", 1, oddDocument],
  ["admin", 9, oddAdmin],
  ["vast declared length", 1, vastLength],
  ["short declared length", 1, shortLength],
  ["left half-way", 1, leftHalfWay],
  ["cut off", 2, cutOff],
  ["slowly", 1, slowly],
  ["pipelined", 3, pipelined],
  ["chunked", 2, (target, random) => ({ ...chunked(target, random), mayPass: true })],
  ["broken chunks", 1, brokenChunks],
  ["endless chunks", 1, endlessChunks],
  ["two framings", 1, twoFramings],
  ["broken request line", 1, brokenLine],
];

export const kinds: readonly string[] = mutators.map(([kind]) => kind);

const weights = mutators.reduce((sum, [, weight]) => sum + weight, 0);

function choose(place: number): readonly [kind: string, make: Mutator] {
  let left = place;
  for (const [kind, weight, make] of mutators) {
    left -= weight;
    if (left <= 0) return [kind, make];
  }
  throw new Error("the place lies behind the last of the mutators");
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

function typed(target: Target, random: Random, body: Buffer, mayPass = false): Made {
  return plain(target, { headers: { "content-type": pick(types, random) }, body }, { mayPass });
}

function textBody(target: Target, random: Random): Made {
  return plain(target, { body: Buffer.from("hello ".repeat(random.integer(1, 99))) });
}

function randomBody(target: Target, random: Random): Made {
  return typed(target, random, randomBytes(random.integer(1, 4_000), random));
}

function spoiltImage(target: Target, random: Random): Made {
  const spoil = pick([truncated, garbled, shuffled, tailed], random);
  return typed(target, random, spoil(pick(Object.values(target.images), random), random), true);
}

function tailed(image: Buffer, random: Random): Buffer {
  return Buffer.concat([image, randomBytes(random.integer(1, 2_000), random)]);
}

function hugeImage(target: Target, random: Random): Made {
  const { png, jpeg: photo } = target.images;
  return plain(target, { body: random.chance(0.5) ? hugePng(png, random) : hugeJpeg(photo, random) });
}

const encodings = ["gzip", "br", "deflate", "zstd", "identity, gzip", "nonsense", "gzip, gzip"];

function oddEncoding(target: Target, random: Random): Made {
  const { images } = target;
  const headers = { ...jpeg, "content-encoding": pick(encodings, random) };
  const body = random.chance(0.5) ? gzipSync(images.jpeg) : images.jpeg;
  return plain(target, { headers, body }, { mayPass: true });
}

/** A page that the limited key does not list. */
function wrongOrigin(target: Target, random: Random): Made {
  const origin = pick(["https://evil.example", "null", `${allowedOrigin}.evil.example`, "\u00e9"], random);
  return plain(target, { headers: { ...jpeg, authorization: `Bearer ${target.limitedKey}`, origin } });
}
