import type { Random } from "../../support/random.ts";
import { pick } from "../wrong-input/compose.ts";
import { type Aim, type Draft, type Made, render, sent } from "./draft.ts";
import { goodRequest, jsonTensor } from "./good-requests.ts";
import { oddPath } from "./odd-path.ts";

/** Our side says in the middle of the request that nothing more comes. */
export function leftHalfWay(aim: Aim, random: Random): Made {
  const whole = render(aim, goodRequest(aim, random));
  return { bytes: [whole.subarray(0, random.integer(1, whole.length - 1))], end: "leaves", unframed: true };
}

/** The connection is gone, in the middle of the request or before its answer. */
export function cutOff(aim: Aim, random: Random): Made {
  const whole = render(aim, goodRequest(aim, random));
  const end = random.chance(0.5) ? whole.length : random.integer(1, whole.length);
  return { bytes: [whole.subarray(0, end)], end: "cuts", unframed: true };
}

/** Several requests at once on one connection, good and bad in turn. */
export function pipelined(aim: Aim, random: Random): Made {
  const count = random.integer(2, 6);
  const all = Array.from({ length: count }, (_, index) => {
    const headers: Draft["headers"] = index === count - 1 ? [] : [["connection", "keep-alive"]];
    return next(aim, random, headers);
  });
  return { bytes: random.chance(0.5) ? all : [Buffer.concat(all)], requests: count };
}

/** In a chain everything must be framed well, so that the next one is found. */
function next(aim: Aim, random: Random, headers: Draft["headers"]): Buffer {
  const draft = random.chance(0.5) ? goodRequest(aim, random) : jsonTensor(random);
  const path = random.chance(0.2) ? "/v2/models/no-such/infer" : draft.path;
  const json = random.chance(0.15) ? Buffer.from("{") : draft.json;
  return render(aim, { ...draft, path, json, headers });
}

/** The bytes arrive in pieces with pauses between. */
export function slowly(aim: Aim, random: Random): Made {
  const whole = random.chance(0.8)
    ? render(aim, goodRequest(aim, random))
    : Buffer.concat(oddPath(aim, random).bytes);
  const cuts = Array.from({ length: 3 }, () => random.integer(1, whole.length)).sort((a, b) => a - b);
  const bytes = [0, ...cuts].map((from, index) => whole.subarray(from, cuts[index] ?? whole.length));
  return { bytes, slow: true };
}

export function oddRequestLine(aim: Aim, random: Random): Made {
  const path = jsonTensor(random).path;
  const line = pick(
    [
      "",
      "POST",
      `POST ${path}`,
      `POST ${path} HTTP/9.9`,
      `post ${path} HTTP/1.1`,
      "PRI * HTTP/2.0",
      `POST  ${path} HTTP/1.1`,
      "\u0016\u0003\u0001\u0002",
      `FETCH ${path} HTTP/1.1`,
      "GET /\u0000 HTTP/1.1",
      `GET ${path} HTTP/1.0`,
      "GET /v2 HTTP/1.1 x",
      "GET /v2 HTTP/0.9",
      "CONNECT evil.example:443 HTTP/1.1",
      "\r\n\r\nGET /v2 HTTP/1.1",
      "GET \u00e9 HTTP/1.1",
    ],
    random,
  );
  const fields = pick(
    [
      `host: ${aim.host}`,
      "",
      "no colon here",
      "host : x",
      ": x",
      "a\u0000b: c",
      `host: ${aim.host}\r\n folded: x`,
      `host: ${aim.host}\nx: y`,
    ],
    random,
  );
  return { bytes: [Buffer.from(`${line}\r\n${fields}\r\n\r\n`, "latin1")], end: "leaves", unframed: true };
}

/** It asks for another protocol, and must get an answer in this one. */
export function otherProtocol(aim: Aim, random: Random): Made {
  const headers: Draft["headers"] = pick<Draft["headers"]>(
    [
      [
        ["upgrade", "websocket"],
        ["connection", "upgrade"],
      ],
      [
        ["upgrade", "h2c"],
        ["connection", "upgrade, http2-settings"],
        ["http2-settings", "AAMAAABkAAQAAP__"],
      ],
      [["expect", "the unexpected"]],
    ],
    random,
  );
  return sent(aim, { ...goodRequest(aim, random), headers }, { unframed: true, end: "leaves" });
}
