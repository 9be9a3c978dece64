import { unknownModel, unknownVersion } from "#inference/models/repository/version-shelf.ts";
import type { OpenModel } from "#inference/open-model.ts";
import type { Models } from "#inference/served-faces.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { RunningModels } from "./running-model.ts";

/** The running models as the backend's own server knows models; which ones they are is not for its callers to say. */
export function modelsOf(running: RunningModels): Models {
  const serving = (): readonly OpenModel[] =>
    running.names().flatMap((name) => running.find(name)?.model ?? []);
  return {
    lease: (name, version) => {
      const leased = running.lease(name);
      if (!leased) throw unknownModel(name);
      const { model } = leased;
      const giveBack = (): void => leased[Symbol.dispose]();
      if (version === undefined || version === model.version)
        return { version: model.version, loaded: model, [Symbol.dispose]: giveBack };
      giveBack();
      throw unknownVersion(name, version);
    },
    versions: (name) => {
      const found = running.find(name);
      return found ? [found.model.version] : [];
    },
    get serving() {
      return serving().map((loaded) => ({ name: loaded.name, version: loaded.version, loaded }));
    },
    index: async () =>
      serving()
        .map(({ name, version }) => ({ name, version, state: "READY" as const, reason: undefined }))
        .sort((one, other) => (one.name < other.name ? -1 : 1)),
    load: () => Promise.reject(notHere()),
    unload: () => Promise.reject(notHere()),
    get ready() {
      const all = serving();
      return all.length > 0 && all.every((model) => model.ready);
    },
  };
}

function notHere(): TradewindError {
  return new TradewindError(
    "request_malformed",
    "what runs on this device is what was signed and planned for it",
  );
}
