import { TradewindError } from "#infra/runtime/errors.ts";
import type { ArmPolicy } from "./arm-policy.ts";

/** A page of a list of apps is a hundredth of this. */
const mostBytes = 16_777_216;

/** The SDKs would read on for as long as somebody sends, so that the body is taken from them and read here. */
export const boundedAnswers: ArmPolicy = {
  name: "boundedAnswers",
  sendRequest: async (request, next) => {
    request.streamResponseStatusCodes = new Set([Number.POSITIVE_INFINITY]);
    const { readableStreamBody, ...response } = await next(request);
    if (!readableStreamBody) return response;
    return { ...response, bodyAsText: await readUpTo(readableStreamBody, mostBytes) };
  },
};

async function readUpTo(stream: NodeJS.ReadableStream, most: number): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of stream) {
    const bytes = Buffer.from(piece);
    length += bytes.byteLength;
    if (length > most)
      throw new TradewindError("provider_answer_invalid", `Azure answers with more than ${most} bytes`);
    pieces.push(bytes);
  }
  return Buffer.concat(pieces).toString("utf8");
}
