import type { Random } from "../../support/random.ts";
import { seededRandom } from "../../support/random.ts";
import type { Aim, Made, Mutated } from "./draft.ts";
import { sent } from "./draft.ts";
import { goodRequest } from "./good-requests.ts";
import {
  chunkedBody,
  oddEncoding,
  oddImage,
  oddLengths,
  oddTail,
  oddTexts,
  rawBody,
  tooLarge,
} from "./odd-body.ts";
import { oddIndex, oddRepository, oddSettings } from "./odd-control.ts";
import { oddFraming, oddHeaderLength, vastHead } from "./odd-head.ts";
import { oddHeaders } from "./odd-headers.ts";
import { oddTensor, oddValues } from "./odd-json.ts";
import { oddParameters } from "./odd-parameters.ts";
import { oddMethod, oddPath } from "./odd-path.ts";
import { oddText } from "./odd-text.ts";
import { cutOff, leftHalfWay, oddRequestLine, otherProtocol, pipelined, slowly } from "./odd-wire.ts";

type Mutator = (aim: Aim, random: Random) => Made;

/** Of a hundred requests so many are of each kind; what keeps the backend busy for longer is rarer. */
const mutators: readonly (readonly [kind: string, weight: number, make: Mutator])[] = [
  ["good", 4, (aim, random) => sent(aim, goodRequest(aim, random))],
  ["odd values", 12, oddValues],
  ["odd tensor", 8, oddTensor],
  ["odd parameters", 7, oddParameters],
  ["odd text", 6, oddText],
  ["odd tail", 6, oddTail],
  ["odd lengths", 4, oddLengths],
  ["odd texts", 3, oddTexts],
  ["raw body", 3, rawBody],
  ["odd image", 7, oddImage],
  ["odd encoding", 6, oddEncoding],
  ["chunked body", 3, chunkedBody],
  ["too large", 1, tooLarge],
  ["odd header length", 4, oddHeaderLength],
  ["odd framing", 3, oddFraming],
  ["odd headers", 4, oddHeaders],
  ["vast head", 1, vastHead],
  ["odd path", 5, oddPath],
  ["odd method", 2, oddMethod],
  ["odd repository", 3, oddRepository],
  ["odd index", 1, oddIndex],
  ["odd settings", 3, oddSettings],
  ["left half-way", 1, leftHalfWay],
  ["cut off", 2, cutOff],
  ["pipelined", 2, pipelined],
  ["slowly", 1, slowly],
  ["odd request line", 1, oddRequestLine],
  ["other protocol", 1, otherProtocol],
];

export const kinds: readonly string[] = mutators.map(([kind]) => kind);

const weights = mutators.reduce((sum, [, weight]) => sum + weight, 0);

/** The request of this seed and place, always the same. */
export function mutatedRequest(
  aim: Aim,
  { seed, index }: { readonly seed: number; readonly index: number },
): Mutated {
  const random = seededRandom(seed * 1_000_003 + index);
  const [kind, make] = choose(random.integer(1, weights));
  const plain = { slow: false, end: "waits", unframed: false, requests: 1 } as const;
  return { kind, ...plain, ...make(aim, random) };
}

function choose(place: number): readonly [kind: string, make: Mutator] {
  let left = place;
  for (const [kind, weight, make] of mutators) {
    left -= weight;
    if (left <= 0) return [kind, make];
  }
  throw new Error("the place lies behind the last of the mutators");
}
