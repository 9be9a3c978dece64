import { readQuantizeAsk } from "./quantize-ask.ts";

/** `models quantize`: its flags, read before the runtime is loaded. */
export function readQuantize(args: string[]): () => Promise<number> {
  const ask = readQuantizeAsk(args);
  return async () => (await import("./quantize.ts")).quantize(ask);
}
