import type { LocalImages } from "./local-ask.ts";

export type ListedModel = { readonly name: string; readonly ready: boolean; readonly slo_ms: number };

/** What runs here and what is to, as a gateway lists it. */
export function listModels(
  images: Pick<LocalImages, "running" | "expected" | "sloMs">,
): readonly ListedModel[] {
  const { running, expected, sloMs } = images;
  return namesOf(running.names(), expected()).map((name) => {
    const model = running.find(name)?.model;
    const { version, task, precision, names, input } = model?.info ?? {};
    const facts = { version, versions: version && [version], task, precision, names, input };
    return { name, ready: model?.ready ?? false, slo_ms: sloMs, ...facts };
  });
}

export type Readiness = {
  readonly ready: boolean;
  readonly process: "ready" | "starting or stopping";
  readonly models: "ready" | "some missing" | "missing";
};

/** Whether it is to be asked: some of its models answer, and it is not on its way down. */
export function readiness({
  images,
  ready,
}: {
  readonly images: Pick<LocalImages, "running" | "expected">;
  readonly ready: () => boolean;
}): Readiness {
  const { running, expected } = images;
  const all = namesOf(running.names(), expected());
  const up = all.filter((name) => running.find(name)?.model.ready === true);
  return {
    ready: ready() && up.length > 0,
    process: ready() ? "ready" : "starting or stopping",
    models: up.length === 0 ? "missing" : up.length < all.length ? "some missing" : "ready",
  };
}

function namesOf(running: readonly string[], expected: readonly string[]): readonly string[] {
  return [...new Set([...running, ...expected])].sort();
}
