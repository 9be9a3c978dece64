import type { Random } from "../../support/random.ts";
import { pick } from "../wrong-input/compose.ts";
import { type Aim, type Headers, jsonBytes, type Made, render, sent } from "./draft.ts";
import { binaryTensor, goodRequest } from "./good-requests.ts";

/** The header that parts the JSON from what lies behind it. */
export function oddHeaderLength(aim: Aim, random: Random): Made {
  const draft = goodRequest(aim, random);
  const right = jsonBytes(draft.json).length;
  const value = pick(
    [
      ...[
        "",
        "-1",
        "+5",
        "0x10",
        "1e2",
        "x",
        "0",
        "1",
        "99999999",
        "9".repeat(400),
        "00",
        "\u00b2",
        "1,2",
        "5;a",
        "NaN",
      ],
      ...[right - 1, right + 1, right, right + draft.tail.length + 1].map(String),
      ` ${right} `,
      `0${right}`,
      `${right}.0`,
    ],
    random,
  );
  const name = spelled("inference-header-content-length", random);
  const headers: Headers = random.chance(0.15)
    ? [
        [name, value],
        [name, `${right}`],
      ]
    : [[name, value]];
  return sent(aim, { ...draft, headers });
}

export function spelled(name: string, random: Random): string {
  return pick(
    [name, name, name.toUpperCase(), name.replace(/(^|-)./g, (start) => start.toUpperCase())],
    random,
  );
}

/** The header that says how long the body is, or that it comes in chunks, lies. */
export function oddFraming(aim: Aim, random: Random): Made {
  const draft = goodRequest(aim, random);
  const right = jsonBytes(draft.json).length + draft.tail.length;
  const odd: Headers = pick<Headers>(
    [
      [["content-length", `${right + random.integer(1, 5_000)}`]],
      [["content-length", `${random.integer(0, Math.max(0, right - 1))}`]],
      [["content-length", "-1"]],
      [["content-length", "0x10"]],
      [["content-length", `${right}, ${right}`]],
      [
        ["content-length", `${right}`],
        ["content-length", `${right + 1}`],
      ],
      [
        ["content-length", `${right}`],
        ["transfer-encoding", "chunked"],
      ],
      [["transfer-encoding", "gzip, chunked"]],
      [["transfer-encoding", "chunked, identity"]],
      [["transfer-encoding", "xchunked"]],
      [["transfer-encoding", "identity"]],
      [["Transfer-Encoding", "CHUNKED"]],
    ],
    random,
  );
  return sent(aim, { ...draft, headers: odd }, { unframed: true, end: "leaves", requests: 2 });
}

/** Heads that are too large, by one header or by very many. */
export function vastHead(aim: Aim, random: Random): Made {
  const vast: Headers = random.chance(0.5)
    ? [["x-vast", "v".repeat(random.integer(17_000, 100_000))]]
    : Array.from({ length: random.integer(2_100, 3_000) }, (_, index) => [`x-${index}`, "v"] as const);
  return { bytes: [render(aim, { ...binaryTensor(random), headers: vast })], unframed: true };
}
