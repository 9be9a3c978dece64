import { createHash } from "node:crypto";
import type { Slot } from "#edge/store/device-state.ts";
import type { ListedArtefact } from "#edge/trust/trusted-list.ts";

/** A release as small as can be, for whoever cares about files and not about what is in them. */
export type SmallRelease = {
  readonly artefact: ListedArtefact;
  readonly slot: Slot;
  readonly bytes: Buffer;
  readonly golden: Buffer;
};

export function smallRelease(release: number, { model = "digits-n", bytes = 64 } = {}): SmallRelease {
  const content = Buffer.alloc(bytes, `${model} ${release} `);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const folder = `${model}/${release}/any`;
  const about = {
    ...({ schema: 1, kind: "model", model, version: `v${release}`, release } as const),
    ...({ precision: "int8", target: "any", minAgent: "0.1.0", memoryMb: 1 } as const),
    golden: { path: `${folder}/golden.json`, minAgreement: 990_000 },
    blocks: { path: `${folder}/blocks`, size: 65_536 } as const,
  };
  const path = `${folder}/model.onnx`;
  const address = `${folder}/${sha256}.model.onnx`;
  return {
    artefact: { path, address, bytes: content.length, sha256, about },
    slot: { release, version: `v${release}`, sha256, target: "any" },
    bytes: content,
    golden: Buffer.from(`golden of ${model} ${release}`),
  };
}
