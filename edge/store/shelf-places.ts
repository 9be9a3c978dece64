import { join } from "node:path";
import { TradewindError } from "#infra/runtime/errors.ts";

/** Where a model's files lie on the shelf. */
export type Places = {
  readonly folder: string;
  readonly model: string;
  readonly part: string;
  readonly golden: string;
  readonly ok: string;
};

export function placesIn(models: string, sha256: string): Places {
  if (!isHash(sha256))
    throw new TradewindError("internal", "what is asked of the shelf is not a file's hash");
  const folder = join(models, sha256);
  const model = join(folder, "model.onnx");
  const golden = join(folder, "golden.json");
  return { folder, model, part: `${model}.part`, golden, ok: join(folder, "ok.json") };
}

export function isHash(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}
