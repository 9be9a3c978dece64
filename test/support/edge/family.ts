import { createHash } from "node:crypto";
import { artefactFolder } from "#inference/artefacts/artefact.ts";
import type { ListKey } from "./list-keys.ts";
import { makeListKey } from "./list-keys.ts";
import type { SimulatedRepository, TargetsWords } from "./simulated-repository.ts";

export type Family = {
  readonly keys: readonly ListKey[];
  readonly list: TargetsWords;
  /** The path of the model file. */
  readonly add: (release: number, changed?: object) => string;
  readonly publish: () => void;
};

/** A model's family as the publisher makes it: its own keys, two of three, and only what lies under its name. */
export function addFamily(repo: SimulatedRepository, model = "digits-n"): Family {
  const keys = [makeListKey(), makeListKey(), makeListKey()];
  const paths = [`${model}/*`, `${model}/*/*/*`];
  const list = repo.delegate({ name: model, paths, terminating: true, keys, threshold: 2 });
  return {
    keys,
    list,
    add: (release, changed = {}) => addRelease(repo, { model, release, changed }),
    publish: () => repo.publish(model, "targets", "snapshot", "timestamp"),
  };
}

export function aboutModel(model: string, release: number, changed: object = {}): object {
  const folder = artefactFolder({ model, release, target: "any" });
  return {
    ...{
      schema: 1,
      kind: "model",
      model,
      version: `1.${release}`,
      release,
      precision: "int8",
      target: "any",
    },
    ...{ minAgent: "0.1.0", memoryMb: 64 },
    golden: { path: `${folder}/golden.json`, minAgreement: 990_000 },
    blocks: { path: `${folder}/blocks`, size: 65_536 },
    ...changed,
  };
}

function addRelease(
  repo: SimulatedRepository,
  { model, release, changed }: { model: string; release: number; changed: object },
): string {
  const folder = artefactFolder({ model, release, target: "any" });
  repo.addFile(
    model,
    `${folder}/model.onnx`,
    `model ${model} ${release}`,
    aboutModel(model, release, changed),
  );
  repo.addFile(model, `${folder}/golden.json`, `golden ${release}`, { schema: 1, kind: "golden" });
  repo.addFile(model, `${folder}/blocks`, `blocks ${release}`, { schema: 1, kind: "blocks" });
  return `${folder}/model.onnx`;
}

export function hashOf(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
