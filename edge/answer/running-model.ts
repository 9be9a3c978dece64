import type { OpenModel } from "#inference/open-model.ts";

/** What answers now for a model, and what it is. */
export type Running = {
  readonly model: OpenModel;
  readonly release: number;
  readonly sha256: string;
};

/**
 * The models of the device. A switch opens the new one beside the old, turns the reference, lets what is in hand end
 * and then closes the old: no image is lost.
 */
/** What is leased is given back by disposing it. */
export type LeasedModel = Running & Disposable;

export type RunningModels = AsyncDisposable & {
  /** To look at; to compute with it, lease it. */
  readonly find: (name: string) => Running | undefined;
  /** Stays open until it is disposed, whatever is turned meanwhile. */
  readonly lease: (name: string) => LeasedModel | undefined;
  readonly names: () => readonly string[];
  /**
   * Opens a file and puts it in the place of what ran under this name; what cannot be opened leaves the old one. It
   * resolves when the new one answers and the old one has ended what it had in hand and is closed.
   */
  readonly turnTo: (
    next: { readonly name: string; readonly version: string; readonly path: string } & Pick<
      Running,
      "release" | "sha256"
    >,
    options: { readonly signal: AbortSignal },
  ) => Promise<void>;
  /** For a model nobody may run any longer and that has nothing to fall back to. */
  readonly drop: (name: string) => Promise<void>;
  /** What is told of each image, for whoever watches a model's health. */
  readonly onAnswer: (listen: (told: Answered) => void) => Disposable;
};

export type Answered = {
  readonly model: string;
  readonly release: number;
  readonly failed: boolean;
  readonly ms: number;
  readonly detections: number;
  /** Mean over the detections; undefined without any, and of what failed. */
  readonly meanScore: number | undefined;
};
