import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";

const index = z.array(z.object({ name: z.string() }));

/** The models that a backend has, the one for the first example in front: the larger of the demo pair. */
export async function listModels(
  url: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<string[]> {
  const response = await fetch(`${url}/v2/repository/index`, { method: "POST", signal });
  const parsed = index.safeParse(await response.json());
  if (!parsed.success || parsed.data.length === 0) {
    throw new TradewindError("backend_answer_invalid", "the backend did not say which models it has", {
      cause: parsed.error,
    });
  }
  const names = parsed.data.map(({ name }) => name);
  return [...new Set(names)].sort((a, b) => Number(b === "digits-s") - Number(a === "digits-s"));
}
