import type { BackendTimings } from "../contract.ts";

/** The header of the same name: what an answer that was made now took, or only what its caller waited. */
export function serverTiming(timings: BackendTimings | undefined, totalMs: number): string {
  if (!timings) return `total;dur=${hundredths(totalMs)}`;
  const { queue, preprocess, inference, postprocess } = timings;
  const backend = `queue;dur=${hundredths(queue)}, preprocess;dur=${hundredths(preprocess)}`;
  const rest = `inference;dur=${hundredths(inference)}, postprocess;dur=${hundredths(postprocess)}`;
  return `${backend}, ${rest}, total;dur=${hundredths(totalMs)}`;
}

function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100;
}
