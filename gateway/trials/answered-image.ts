import type { DetectOptions, ImageAnswer, ModelInfo } from "#inference/contract.ts";
import type { TraceContext } from "#infra/runtime/trace-context.ts";
import type { Lane } from "../dispatch/pool.ts";
import type { Backend, Route } from "../fleet/snapshot.ts";

/** An image that a backend of its route has answered, as it was sent there and as it came back. */
export type AnsweredImage = {
  readonly route: Route;
  readonly lane: Lane;
  readonly backend: Backend;
  readonly model: ModelInfo;
  /** What each backend said of the model, by the places of the pool's lanes. */
  readonly models: readonly (ModelInfo | undefined)[];
  readonly pieces: readonly Uint8Array[];
  readonly bytes: number;
  readonly answer: Pick<ImageAnswer, "detections">;
  readonly options: DetectOptions;
  readonly trace: TraceContext;
  readonly tenant: string;
};
