import type { Log } from "#infra/runtime/log.ts";
import type { OpenModel } from "./open-model.ts";
import type { Telemetry } from "./telemetry/create-telemetry.ts";

export type Watchers = { readonly telemetry: Pick<Telemetry, "register">; readonly log: Log };

/** Tells of a model that opened, and counts both of its faces until disposed. */
export function watchModel(model: OpenModel, { telemetry, log }: Watchers): Disposable {
  tell(log, model);
  const { faces, info, version } = model;
  const { executionProvider } = model.placement;
  const [task, precision] = [info?.task, info?.precision];
  const stack = new DisposableStack();
  for (const face of [faces.image, faces.tensor]) {
    if (!face) continue;
    const takesImages = face === faces.image;
    // Both wait in one line, which is shown once.
    const pending = (): number => (takesImages || !faces.image ? model.waiting : 0);
    const watched = { model: face.name, version, task, precision, executionProvider, takesImages, pending };
    stack.use(telemetry.register(watched));
  }
  return stack;
}

/** Where it computes is never silent, nor why not where one would rather have it. */
function tell(log: Log, { name, version, placement, instances, unreadable }: OpenModel): void {
  const { executionProvider, passedOver } = placement;
  const why = unreadable === undefined ? {} : { tensors_only: unreadable };
  const fields = { model: name, version, execution_provider: executionProvider, passed_over: passedOver };
  log.info({ ...fields, instances, ...why }, "model open");
}
