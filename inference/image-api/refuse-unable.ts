import { TradewindError } from "#infra/runtime/errors.ts";
import type { ModelInfo, Task } from "../contract.ts";
import { keptClasses } from "./kept-classes.ts";
import type { ImageOptions } from "./read-options.ts";

export type Wanted = {
  readonly model: string;
  readonly task: Task;
  readonly options: Pick<ImageOptions, "classes">;
};

/** Throws where a model cannot do what is asked of it: another task, or classes that it does not know. */
export function refuseUnable({ model, task, options }: Wanted, info: ModelInfo): void {
  if (options.classes) keptClasses(options.classes, info.names);
  if (info.task === task) return;
  const why = `${model} does not ${task}, it does ${info.task}: POST /v1/models/${model}/${info.task}`;
  throw new TradewindError("task_unsupported", why);
}
