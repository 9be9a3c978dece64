import { z } from "zod";
import { invalidAnswer } from "#inference/engine/remote/upstream-errors.ts";
import { mostModels } from "#inference/models/repository/model-source.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Ask } from "./ask.ts";

const name = z.string().min(1).max(1_024);

/** One entry for each version; a server without states lists what is ready. */
const index = z.array(z.object({ name, state: z.string().nullish() })).max(mostModels);

const names = z.object({ models: z.array(name).max(mostModels) });

/** The models that a server says are ready: by the repository extension, or as KServe lists them. */
export async function listModels(ask: Ask): Promise<readonly string[]> {
  const entries = await ask.may("/v2/repository/index", JSON.stringify({ ready: true }));
  if (entries !== undefined) {
    const ready = read(index, entries).filter(({ state }) => !state || state === "READY");
    return [...new Set(ready.map((entry) => entry.name))];
  }
  const listed = await ask.may("/v2/models");
  if (listed !== undefined) return [...new Set(read(names, listed).models)];
  throw new TradewindError("config_invalid", "the upstream server does not list its models", {
    hint: "name the models that are to be served",
  });
}

function read<Shape extends z.ZodType>(schema: Shape, given: unknown): z.output<Shape> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw invalidAnswer("no list of models that we understand", parsed.error);
}
