import { systemClock } from "#infra/runtime/clock.ts";
import { openSessionProcess } from "./engine/session-process.ts";
import type { OpenRequest } from "./models/repository/served-model.ts";
import { type OpenModel, type OpenModelOptions, openModel } from "./open-model.ts";
import type { OpenedSource } from "./open-source.ts";
import { openUpstreamModel } from "./open-upstream.ts";
import type { Telemetry } from "./telemetry/create-telemetry.ts";
import { type Watchers, watchModel } from "./watch-model.ts";

export type OpenRequestedOptions = Required<
  Pick<
    OpenModelOptions,
    "workers" | "executionProviders" | "runTimeoutMs" | "imagesOnly" | "signal" | "onBroken"
  >
> & {
  /** Where the model was fetched from. */
  readonly source: Pick<OpenedSource, "upstream">;
  /** Each session in a process of its own. */
  readonly isolate: boolean;
  readonly machine: { readonly exactQuantized: boolean };
  readonly telemetry: Telemetry;
  readonly log: Watchers["log"];
};

/** Opens what the repository asks for, here or on the server that has it, watched from then on. */
export function openRequested(request: OpenRequest, options: OpenRequestedOptions): Promise<OpenModel> {
  const { source, isolate, machine, telemetry, log } = options;
  const { workers, executionProviders, runTimeoutMs, imagesOnly, signal, onBroken } = options;
  const { settings, name: model, version } = request;
  const common = {
    ...{ workers, runTimeoutMs, imagesOnly, settings, signal, clock: systemClock },
    onOpen: (opened: OpenModel) => watchModel(opened, { telemetry, log }),
  };
  if (source.upstream) {
    const { url, fetched } = source.upstream;
    return openUpstreamModel(fetched(model), { ...common, url });
  }
  return openModel(request, {
    ...{ ...common, executionProviders, exactQuantized: machine.exactQuantized, onBroken },
    ...(isolate ? { openSession: openSessionProcess } : {}),
    onDeath: () => telemetry.workerReplaced({ model, version, why: "died" }),
  });
}
