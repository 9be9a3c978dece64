import { fileURLToPath } from "node:url";
import { openTrace } from "#gateway/replay/traces/open-trace.ts";
import type { Trace, TraceOptions } from "#gateway/replay/traces/read-trace.ts";

/** The traces that come with this repository. */
export const azureFile = fileOf("AzureLLMInferenceTrace_code.csv");
export const serveGenFile = fileOf("servegen_mm_image_clients.csv");

export async function azureTrace(options: TraceOptions = {}): Promise<Trace> {
  return await openTrace(azureFile, options);
}

export async function serveGenTrace(options: TraceOptions = {}): Promise<Trace> {
  return await openTrace(serveGenFile, options);
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(`../../../bench/traces/${name}`, import.meta.url));
}
