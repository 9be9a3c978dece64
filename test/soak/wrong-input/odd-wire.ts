import type { Random } from "../../support/random.ts";
import { jpeg, type Made, pick, request, type Target } from "./compose.ts";
import { goodForm } from "./good-requests.ts";

export function leftHalfWay(target: Target, random: Random): Made {
  const whole = request(target, {});
  return { bytes: [whole.subarray(0, random.integer(1, whole.length - 1))], end: "leaves", unframed: true };
}

/** The connection is gone, in the middle of the request or before its answer. */
export function cutOff(target: Target, random: Random): Made {
  const whole = request(target, goodForm(target, random));
  const end = random.chance(0.5) ? whole.length : random.integer(1, whole.length);
  return { bytes: [whole.subarray(0, end)], end: "cuts", unframed: true };
}

/** Several requests at once on one connection, wrong ones between good ones: each has its own answer, in its turn. */
export function pipelined(target: Target, random: Random): Made {
  const requests = random.integer(2, 6);
  const goodAt: number[] = [];
  const all = Array.from({ length: requests }, (_, place) => {
    const isGood = random.chance(0.6);
    if (isGood) goodAt.push(place);
    const parts = isGood ? goodForm(target, random) : pick(wrongInChain, random);
    const connection = place === requests - 1 ? "close" : "keep-alive";
    return request(target, { ...parts, headers: { ...parts.headers, connection } });
  });
  const bytes = random.chance(0.5) ? all : [Buffer.concat(all)];
  return { bytes, requests, goodAt, mayPass: true };
}

const wrongInChain = [
  { path: "/v1/models/no-such/detect", headers: jpeg },
  { path: "/v1/models", method: "GET", headers: {}, body: Buffer.alloc(0) },
  {
    path: "/v2/models/digits-s/infer",
    headers: { "content-type": "application/json" },
    body: Buffer.from("{"),
  },
  { headers: jpeg, body: Buffer.from("no image") },
  { headers: { ...jpeg, authorization: undefined } },
  { headers: { "content-type": "application/json" }, body: Buffer.from("{") },
  { path: "/no-such", headers: jpeg },
];

/** The bytes arrive in pieces with pauses between. */
export function slowly(target: Target, random: Random): Made {
  const whole = request(target, goodForm(target, random));
  const cuts = Array.from({ length: 3 }, () => random.integer(1, whole.length)).sort((a, b) => a - b);
  const bytes = [0, ...cuts].map((from, index) => whole.subarray(from, cuts[index] ?? whole.length));
  return { bytes, slow: true, isGood: true, mayPass: true };
}
