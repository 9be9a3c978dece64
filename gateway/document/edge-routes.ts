import { z } from "zod";
import { enrolAnswer, enrolAsk, rotateAnswer, rotateAsk, timeAnswer } from "#infra/runtime/devices/words.ts";
import type { ErrorCode } from "#infra/runtime/errors.ts";
import { type AnswerWords, describeRoute, type RouteWords } from "./describe-route.ts";
import { bodyProblems } from "./problems.ts";

/** The rooms of devices, which show proofs by their own keys in the place of API keys. */

const proof = z
  .string()
  .describe(
    "A compact JWS by the device's key (EdDSA, `typ: tradewind-proof+jwt`, `kid`: the key's RFC 7638 thumbprint) over `sub` (the device), `htm`, `htu` (path and query), `iat`, `jti`, `n` (a number that only grows), `bsh` (SHA-256 of the body, base64url) and, where the gateway gave one, `nonce`. Good for a minute, once.",
  );

/** Of whoever shows a proof. */
const proofProblems = [
  "proof_refused",
  "proof_stale",
  "device_revoked",
  "database_unavailable",
  "overloaded",
] as const satisfies readonly ErrorCode[];

type Words = Omit<RouteWords, "tag" | "scope" | "headers"> & { readonly headers?: z.ZodRawShape };

function describeEdge({ headers = {}, problems = [], ...words }: Words) {
  return describeRoute({
    ...words,
    tag: "Devices",
    headers: z.object({ "Tradewind-Proof": proof, ...headers }),
    problems: [...proofProblems, ...problems],
  });
}

function answersJson(description: string, schema: z.ZodType): AnswerWords {
  return {
    description,
    headers: ["Tradewind-Edge", "Tradewind-Nonce"],
    content: { "application/json": { schema } },
  };
}

export const describedEnrolment = describeEdge({
  method: "post",
  path: "/enrol",
  operationId: "enrolDevice",
  summary: "Become a device, with a token that is good once",
  description:
    "The proof is by the key that the body brings. Whoever did not hear the answer asks again with the same token and key, and has the same name.",
  body: { required: true, content: { "application/json": { schema: enrolAsk } } },
  answers: { 201: answersJson("The device's name, and what it is to have", enrolAnswer) },
  problems: [...bodyProblems, "parameter_invalid", "enrolment_refused"],
});

export const describedDeviceKey = describeEdge({
  method: "post",
  path: "/keys",
  operationId: "rotateDeviceKey",
  summary: "Exchange a device's key for a new one",
  description: "Both are good for a day. Only the newest key names its successor.",
  headers: {
    "Tradewind-New-Proof": z
      .string()
      .describe("By the new key over the same call, with the `sub`, `n` and `jti` of the old key's proof"),
  },
  body: { required: true, content: { "application/json": { schema: rotateAsk } } },
  answers: { 200: answersJson("Until when the old key is good", rotateAnswer) },
  problems: [...bodyProblems, "parameter_invalid", "rate_limited"],
});

export const describedEdgeTime = describeRoute({
  method: "get",
  path: "/time",
  operationId: "edgeTime",
  tag: "Devices",
  summary: "What time it is here",
  answers: { 200: answersJson("Milliseconds since 1970", timeAnswer) },
});

export const repositoryParams = z.object({
  path: z.string().describe("Below the repository, such as `metadata/timestamp.json`"),
});

export const describedRepository = describeEdge({
  method: "get",
  path: "/repository/{path}",
  isSubtree: true,
  operationId: "getRepositoryFile",
  summary: "A signed list, or a file that one names",
  description:
    "Names with a version or a hash in them never change. A proof is wanted unless the configuration says `edge.public`.",
  params: repositoryParams,
  headers: {
    Range: z.string().optional().describe("One range of bytes"),
    "If-Range": z.string().optional().describe("The `ETag` of the bytes at hand: of another one all is sent"),
    "If-None-Match": z.string().optional().describe("The `ETag` of what you have"),
  },
  answers: {
    200: fileAnswer("The whole file"),
    206: fileAnswer("The range that was asked for"),
    304: { description: "What you have is still the same", headers: ["Tradewind-Edge", "ETag"] },
    416: { description: "There is nothing in that range", headers: ["Tradewind-Edge"] },
  },
  problems: ["record_unknown"],
});

function fileAnswer(description: string): AnswerWords {
  const schema = { type: "string", format: "binary" };
  return {
    description,
    headers: ["Tradewind-Edge", "ETag"],
    content: { "application/octet-stream": { schema }, "application/json": { schema: { type: "object" } } },
  };
}
