import { HeldVersion } from "#inference/models/repository/held-version.ts";
import { createTurns, type Turns } from "#inference/models/repository/turns.ts";
import { type OpenModel, type OpenModelOptions, openModel } from "#inference/open-model.ts";
import type { Detect } from "#inference/serve-model.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Phase, WorkMark } from "../store/work-mark.ts";
import { markSessions } from "./mark-sessions.ts";
import type { Answered, LeasedModel, Running, RunningModels } from "./running-model.ts";
import { tellAnswers } from "./tell-answers.ts";

export type RunningOptions = Pick<
  OpenModelOptions,
  | "clock"
  | "workers"
  | "executionProviders"
  | "exactQuantized"
  | "runTimeoutMs"
  | "openSession"
  | "onOpen"
  | "onDeath"
  | "onBroken"
> & {
  readonly open?: typeof openModel;
  /** Told of what computes, and of what cannot go on. */
  readonly atWork?: Pick<WorkMark, "inHand" | "blame">;
};

/** Nothing runs yet: `turnTo` puts models into service. */
export function createRunningModels(options: RunningOptions): RunningModels {
  return new ModelsInService(options);
}

type Next = Parameters<RunningModels["turnTo"]>[0];
type Served = Pick<Running, "release" | "sha256"> & { readonly held: HeldVersion<OpenModel> };

/**
 * What runs on the device, by name. It is
 *
 *   OPEN      models are turned and dropped, and leases are given
 *   CLOSING   asked to end: opening is given up, no lease is given, those that are out are waited for
 *   CLOSED    every model is closed
 */
class ModelsInService implements RunningModels {
  readonly #options: RunningOptions;
  readonly #served = new Map<string, Served>();
  /** One change of a model after the other. */
  readonly #turns = new Map<string, Turns>();
  readonly #listeners = new Set<(told: Answered) => void>();
  readonly #ending = new AbortController();
  #state: "OPEN" | "CLOSING" | "CLOSED" = "OPEN";
  #closing: Promise<void> | undefined;

  constructor(options: RunningOptions) {
    this.#options = options;
  }

  find(name: string): Running | undefined {
    const served = this.#served.get(name);
    return served && runningOf(served);
  }

  lease(name: string): LeasedModel | undefined {
    const served = this.#served.get(name);
    if (!served) return undefined;
    const lease = served.held.lease();
    return { ...runningOf(served), [Symbol.dispose]: () => lease[Symbol.dispose]() };
  }

  names(): readonly string[] {
    return [...this.#served.keys()];
  }

  turnTo(next: Next, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { name, version, release, sha256 } = next;
    if (this.#state !== "OPEN") return Promise.reject(ending());
    return this.#turnsOf(name).take(`${release} ${version} ${sha256}`, () => this.#turn(next, signal));
  }

  drop(name: string): Promise<void> {
    return this.#turnsOf(name).take("drop", async () => {
      const served = this.#served.get(name);
      this.#served.delete(name);
      if (served) await retire(name, served);
    });
  }

  onAnswer(listen: (told: Answered) => void): Disposable {
    const heard = (told: Answered): void => listen(told);
    this.#listeners.add(heard);
    return { [Symbol.dispose]: () => void this.#listeners.delete(heard) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #turn(next: Next, signal: AbortSignal): Promise<void> {
    const { name, version, release, sha256 } = next;
    const wanted = AbortSignal.any([signal, this.#ending.signal]);
    wanted.throwIfAborted();
    const loaded = await this.#open(next, wanted);
    if (wanted.aborted) {
      await loaded.close();
      throw wanted.reason;
    }
    const before = this.#served.get(name);
    const held = new HeldVersion({ version, revision: sha256, loaded, fetched: itsOwn(next) });
    this.#served.set(name, { release, sha256, held });
    if (before) await retire(name, before);
  }

  async #open(next: Next, signal: AbortSignal): Promise<OpenModel> {
    const { name, version, path, release } = next;
    const { open = openModel, atWork, ...given } = this.#options;
    let phase: Phase = "opening";
    const options = atWork ? { ...given, ...watched(next, given, { ...atWork, phase: () => phase }) } : given;
    const aroundDetect = (detect: Detect): Detect =>
      tellAnswers(detect, { model: name, release, clock: options.clock, tell: (told) => this.#tell(told) });
    const opened = await open({ name, version, path }, { ...options, aroundDetect, signal });
    phase = "answering";
    return opened;
  }

  #tell(told: Answered): void {
    for (const listen of this.#listeners) {
      try {
        listen(told);
      } catch (error) {
        sideConcernSkipped.publish({ what: "watching a model's answers", detail: told.model, error });
      }
    }
  }

  #turnsOf(name: string): Turns {
    const turns = this.#turns.get(name) ?? createTurns();
    this.#turns.set(name, turns);
    return turns;
  }

  async #close(): Promise<void> {
    this.#state = "CLOSING";
    this.#ending.abort(ending());
    await Promise.all([...this.#turns.values()].map((turns) => turns.rest()));
    const served = [...this.#served];
    this.#served.clear();
    await Promise.all(served.map(([name, each]) => retire(name, each)));
    this.#state = "CLOSED";
  }
}

/** A model that can never answer again ends the process, and is told of before. */
function watched(
  { name, sha256 }: Next,
  { openSession, onBroken }: Pick<RunningOptions, "openSession" | "onBroken">,
  { inHand, blame, phase }: Pick<WorkMark, "inHand" | "blame"> & { readonly phase: () => Phase },
): Pick<OpenModelOptions, "openSession" | "onBroken"> {
  const file = () => ({ model: name, sha256, phase: phase() });
  return {
    openSession: markSessions(() => inHand(file()), openSession),
    onBroken: (error) => {
      blame(file());
      onBroken?.(error);
    },
  };
}

function runningOf({ held, release, sha256 }: Served): Running {
  return { model: held.loaded, release, sha256 };
}

/** The file is the shelf's, whose owner removes it. */
function itsOwn({ name, version, path }: Next): ConstructorParameters<typeof HeldVersion>[0]["fetched"] {
  return { file: { name, version, path }, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** It is out of service, whatever it leaves behind. */
async function retire(name: string, { held }: Served): Promise<void> {
  try {
    await held.retire();
  } catch (error) {
    sideConcernSkipped.publish({ what: "model_close", detail: `${name}:${held.version}`, error });
  }
}

function ending(): TradewindError {
  return new TradewindError("draining", "this device is shutting down");
}
