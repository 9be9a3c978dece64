import type { Context } from "hono";
import { tensorSuffix } from "#inference/faces/tensor-face.ts";
import type { IndexEntry } from "#inference/models/repository/version-state.ts";
import { answerJson } from "#inference/protocol/answer-error.ts";
import { type Models, ownerOf } from "#inference/served-faces.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { readJsonObject } from "./request-body.ts";
import type { RouteTable } from "./route-table.ts";

/** What is in the repository, and bringing it into service or out of it. */
export function repositoryRoutes(models: Models): RouteTable {
  return {
    "/v2/models": { GET: (c) => answerJson(c, { models: servedNames(models) }) },
    "/v2/repository/index": { POST: (c) => answerIndex(c, models) },
    "/v2/repository/models/:model/load": { POST: (c) => load(c, models) },
    "/v2/repository/models/:model/unload": { POST: (c) => unload(c, models) },
  };
}

function servedNames({ serving }: Models): string[] {
  const names = serving.flatMap(({ name, loaded }) =>
    loaded.faces.image ? [name, name + tensorSuffix] : [name],
  );
  return [...new Set(names)].sort();
}

async function answerIndex(c: Context, models: Models): Promise<Response> {
  const { ready = false } = await readJsonObject(c);
  if (typeof ready !== "boolean")
    throw new TradewindError("request_malformed", "'ready' is neither true nor false");
  const entries = (await models.index()).flatMap((entry) => facesOf(entry, models));
  return answerJson(c, ready ? entries.filter(({ state }) => state === "READY") : entries);
}

/** A model that reads images stands there under both of its names. */
function facesOf(entry: IndexEntry, { serving }: Models): IndexEntry[] {
  const found = serving.find(({ name, version }) => name === entry.name && version === entry.version);
  if (!found?.loaded.faces.image) return [entry];
  return [entry, { ...entry, name: entry.name + tensorSuffix }];
}

async function load(c: Context, models: Models): Promise<Response> {
  const { parameters = {} } = await readJsonObject(c);
  if (typeof parameters !== "object" || parameters === null) throw malformed("'parameters' is no object");
  const { config, ...rest } = parameters as Readonly<Record<string, unknown>>;
  if (config !== undefined && typeof config !== "string")
    throw malformed("the parameter 'config' is no JSON text");
  const files = Object.keys(rest).filter((name) => name.startsWith("file:"));
  const unknown = Object.keys(rest).find((name) => !name.startsWith("file:"));
  if (unknown !== undefined) throw malformed(`there is no load parameter '${unknown.slice(0, 60)}'`);
  const options = { ...(config === undefined ? {} : { config }), files };
  return onModel(c, (name) => models.load(name, options)).catch((error: unknown) => {
    throw error instanceof TradewindError ? failedToLoad(error) : error;
  });
}

/** Triton's clients tell this from other refusals by these words. */
function failedToLoad(error: TradewindError): TradewindError {
  const { code, message, hint } = error;
  const told = `failed to load: ${message.replace(/^model '[^']*' could not be loaded: /, "")}`;
  return new TradewindError(code, told, { cause: error, ...(hint === undefined ? {} : { hint }) });
}

async function unload(c: Context, models: Models): Promise<Response> {
  // Whatever it says of dependents, no model here has any.
  await readJsonObject(c);
  return onModel(c, (name) => models.unload(name));
}

/** Both faces of a model come and go together, whichever of its names was said. */
async function onModel(c: Context, deed: (name: string) => Promise<void>): Promise<Response> {
  const name = c.req.param("model") ?? "";
  const owner = ownerOf(name);
  await deed(name).catch((error: unknown) => {
    const unknown = error instanceof TradewindError && error.code === "model_unknown";
    if (!unknown || owner === undefined) throw error;
    return deed(owner);
  });
  return c.body(null, 200);
}

function malformed(message: string): TradewindError {
  return new TradewindError("request_malformed", message);
}
