import type { Detection } from "#inference/contract.ts";
import { invalidAnswer } from "../open-inference-errors.ts";
import { boxReader } from "./read-box.ts";
import type { Lie } from "./read-lie.ts";
import { readNumber } from "./read-number.ts";
import { type Row, rowReader } from "./read-rows.ts";
import type { RestAnswer, RestSettings } from "./settings.ts";

/** What an answer says of one image. */
export type ReadAnswer = (body: Uint8Array, lie: Lie) => readonly Detection[];

/** A way to read the answers of one server, made once; each word and number is checked, whoever's server it is. */
export function answerReader(settings: Pick<RestSettings, "names" | "orientation" | "answer">): ReadAnswer {
  const { names, answer } = settings;
  const [rowsOf, classOf, boxesOf] = [rowReader(answer), classReader(answer, names), boxReader(settings)];
  return (body, lie) => {
    const data = readJson(body);
    const boxOf = boxesOf(data, lie);
    return rowsOf(data).map((row): Detection => {
      const index = classOf(row);
      const score = readScore(row.score, answer.certain);
      return { name: names[index] ?? "", class: index, score, box: boxOf(row.box) };
    });
  };
}

function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
  } catch (cause) {
    throw invalidAnswer("no JSON", cause);
  }
}

/** By its number where there is one, else by its name. */
function classReader(
  { class: place, firstClass }: RestAnswer,
  names: readonly string[],
): (row: Row) => number {
  const isDeclared = (index: number): boolean =>
    Number.isInteger(index) && index >= 0 && index < names.length;
  if (place !== undefined) {
    return (row) => {
      const index = readNumber(row.class) - firstClass;
      if (isDeclared(index)) return index;
      throw undeclared(`${row.class}`, names);
    };
  }
  const indexes = new Map(names.map((name, index) => [name, index]));
  return ({ name }) => {
    if (typeof name !== "string") throw invalidAnswer("a class without a name");
    const index = indexes.get(name);
    if (index !== undefined) return index;
    throw undeclared(`"${name.slice(0, 64)}"`, names);
  };
}

function undeclared(what: string, names: readonly string[]): Error {
  return invalidAnswer(`class ${what}, which is none of the ${names.length} in names`);
}

function readScore(found: unknown, certain: number): number {
  const score = readNumber(found) / certain;
  if (score >= 0 && score <= 1) return Math.round(score * 1e6) / 1e6;
  throw invalidAnswer(`a score of ${score * certain}`);
}
