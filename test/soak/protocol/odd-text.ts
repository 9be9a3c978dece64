import type { Random } from "../../support/random.ts";
import { pick } from "../wrong-input/compose.ts";
import { garbled, truncated } from "../wrong-input/images.ts";
import { type Aim, jsonBytes, type Made, sent } from "./draft.ts";
import { jsonTensor, twoInputs } from "./good-requests.ts";

/** The JSON part is cut, garbled, in another encoding, or has something before, in or behind it. */
export function oddText(aim: Aim, random: Random): Made {
  const draft = random.chance(0.5) ? jsonTensor(random) : twoInputs();
  const json = pick(textSpoilers, random)(jsonBytes(draft.json), random);
  return sent(aim, { ...draft, json });
}

const textSpoilers: readonly ((text: Buffer, random: Random) => Buffer)[] = [
  truncated,
  garbled,
  (text, random) => insert(text, Buffer.from([random.integer(0, 255)]), random),
  (text, random) =>
    insert(
      text,
      pick([Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xed, 0xa0, 0x80])], random),
      random,
    ),
  (text) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), text]),
  (text) => Buffer.from(text.toString(), "utf16le"),
  (text) => Buffer.concat([text, text]),
  (text, random) =>
    Buffer.concat([text, Buffer.from(pick([",", "}", "]", "\u0000", "// x", " \n\t"], random))]),
  (text, random) =>
    insert(text, Buffer.from(pick(["/* x */", "\n", "\u2028", '"', "\\u12", "{", "[", ","], random)), random),
  (_, random) =>
    Buffer.from(
      pick(["", "null", "[]", '""', "0", "{}", "{", "[", '{"inputs":', " ", "undefined", "NaN"], random),
    ),
  (_, random) => Buffer.from(pick(['{"a":', "["], random).repeat(random.integer(90, 60_000))),
  (_, random) => Buffer.from(`{"inputs":[${"{},".repeat(random.integer(1, 20_000))}{}]}`),
  (text, random) => Buffer.concat([Buffer.from(" ".repeat(random.integer(1, 100_000))), text]),
];

function insert(text: Buffer, bytes: Buffer, random: Random): Buffer {
  const at = random.integer(0, text.length);
  return Buffer.concat([text.subarray(0, at), bytes, text.subarray(at)]);
}
