import type { Taken } from "./line-reader.ts";
import { readIsoMoment } from "./moment.ts";
import type { Row } from "./rows.ts";

const heading = /^\ufeff?TIMESTAMP,ContextTokens,GeneratedTokens$/;
const shape = /^(\d{4}-\d\d-\d\d [\d:.]{8,20}(?:[+-]\d\d:\d\d)?),\d{1,9},\d{1,9}$/;

export function looksLikeAzureLlm(line: string): boolean {
  return heading.test(line) || shape.test(line);
}

/** A line of the Azure traces of language models: only the time is of use, tokens are no images. */
export function readAzureLlmRow(line: string): Row | Exclude<Taken, "taken"> {
  if (heading.test(line)) return "passed";
  const moment = readIsoMoment(shape.exec(line)?.[1] ?? "");
  return moment ? { moment: { ...moment, coarse: false } } : { wrong: "is no time and two counts of tokens" };
}
