import { z } from "zod";
import { parseYaml } from "#infra/runtime/config/parse-yaml.ts";
import { EdgeConfig, type Said } from "../config.ts";

/** The file with flags over it, whole and checked, or an error that lists every problem. */
export function parseEdgeConfig(
  text: string,
  { file, over = {} }: { file: string; over?: Said },
): EdgeConfig {
  return parseYaml(
    text,
    z.preprocess((said) => laidOver(said, over), EdgeConfig),
    { file },
  );
}

/** One level deep: a flag stands for one word of a section, not for the section. */
function laidOver(said: unknown, over: Said): unknown {
  if (!isRecord(said)) return said;
  const merged: Record<string, unknown> = { ...said };
  for (const [key, value] of Object.entries(over))
    merged[key] = isRecord(value) && isRecord(merged[key]) ? { ...merged[key], ...value } : value;
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
