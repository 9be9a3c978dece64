import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";

const index = z.array(z.object({ name: z.string() }));

const metadata = z.object({ inputs: z.array(z.object({ name: z.string() })) });

/** The models of a backend that take images, the one for the first example in front: the larger of the demo pair. */
export async function listModels(
  url: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<string[]> {
  const response = await fetch(`${url}/v2/repository/index`, { method: "POST", signal });
  const parsed = index.safeParse(await response.json());
  const names = [...new Set(parsed.data?.map(({ name }) => name))];
  const takeImages = await Promise.all(names.map((name) => takesImages(url, name, signal)));
  const taking = names.filter((_, index) => takeImages[index]);
  if (taking.length === 0) {
    throw new TradewindError("backend_answer_invalid", "the backend did not say which models it has", {
      cause: parsed.error,
    });
  }
  return taking.sort((a, b) => Number(b === "digits-s") - Number(a === "digits-s"));
}

async function takesImages(url: string, name: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(`${url}/v2/models/${encodeURIComponent(name)}`, { signal });
  const parsed = metadata.safeParse(await response.json());
  return parsed.data?.inputs.some((input) => input.name === "image") ?? false;
}
