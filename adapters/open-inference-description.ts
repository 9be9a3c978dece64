import { z } from "zod";
import type { ModelInfo } from "#inference/contract.ts";
import { invalidAnswer } from "./open-inference-errors.ts";

/** A model at one version, and which others its backend has. */
export type DescribedModel = ModelInfo & {
  readonly versions: readonly string[];
  /** Its backend speaks something else than the protocol, so that only images can be sent there. */
  readonly imagesOnly?: true;
};

/** What a backend says of a model: of the version that was asked for, or of its latest. */
export function readDescription(model: string, asked: string | undefined, text: string): DescribedModel {
  const parsed = description.safeParse(readJson(text));
  const version = asked ?? parsed.data?.versions.at(-1);
  if (!parsed.success || version === undefined) {
    throw invalidAnswer(`no description of model ${model} that we understand`, parsed.error);
  }
  const { versions, parameters } = parsed.data;
  const { input_width: width, input_height: height, keypoints, ...facts } = parameters;
  const points = keypoints === undefined ? {} : { keypoints };
  return { name: model, version, versions, ...facts, ...points, input: { width, height } };
}

const side = z.int().min(1).max(65_535);

const names = z.string().transform((text, context) => {
  const parsed = z.array(z.string().max(200)).max(10_000).safeParse(readJson(text));
  if (parsed.success) return parsed.data;
  context.addIssue({ code: "custom", message: "expected a JSON list of names" });
  return z.NEVER;
});

const description = z.object({
  versions: z.array(z.string().min(1).max(200)).min(1).max(10_000),
  parameters: z.object({
    names,
    task: z.enum(["detect", "segment", "pose", "obb", "classify"]),
    precision: z.enum(["fp32", "fp16", "int8"]),
    input_width: side,
    input_height: side,
    keypoints: z.int().min(1).max(1_000).optional(),
  }),
});

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidAnswer("no JSON", cause);
  }
}
