import { type CacheKeyParts, cacheKey } from "#gateway/cache/cache-key.ts";
import type { CachedAnswer, FinishedAnswer } from "#gateway/cache/cached-answer.ts";

export const sampleParts: CacheKeyParts = {
  tenant: "acme",
  model: "digits",
  version: "3",
  answerClass: "fp32",
  parameters: "conf=0.25",
  digest: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
};

export const sampleKey = cacheKey(sampleParts);

export const finished: FinishedAnswer = {
  core: '"detections":[{"label":"siebén ☃","score":0.5}]',
  model: "digits",
  version: "3",
  precision: "fp32",
  backend: "static-1",
};

export function keptAnswer(storedAt = 1_700_000_000_000): CachedAnswer {
  return { ...finished, storedAt, freshUntil: storedAt + 60_000, staleUntil: storedAt + 90_000 };
}
