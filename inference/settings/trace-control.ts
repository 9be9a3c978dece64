import {
  changeTraceOverrides,
  defaultTraceSetting,
  type TraceOverrides,
  type TraceSetting,
} from "./trace-setting.ts";

export type TraceControl = {
  /** What holds for one model, or for those that nothing is set for. */
  readonly read: (model?: string) => TraceSetting;
  /** The caller makes sure that there is such a model. */
  readonly update: (body: Uint8Array, model?: string) => TraceSetting;
  /** Is the next request of a model to be traced? To be asked once for each. */
  readonly sample: (model: string) => boolean;
  /** The model is gone, and what was set for it. */
  readonly forget: (model: string) => void;
};

/** What is set for all models and for single ones, and how far the counting to the next trace is. */
export function createTraceControl(): TraceControl {
  const forAll: Scope = newScope();
  const forModel = new Map<string, Scope>();
  const read = (model?: string): TraceSetting => effective(forAll, named(forModel, model));
  return {
    read,
    update: (body, model) => {
      const scope = named(forModel, model) ?? (model === undefined ? forAll : newScope());
      scope.overrides = changeTraceOverrides(scope.overrides, body);
      scope.seen = 0;
      if (model !== undefined) forModel.set(model, scope);
      return read(model);
    },
    sample: (model) => sample(forAll, forModel.get(model)),
    forget: (model) => void forModel.delete(model),
  };
}

type Scope = { overrides: TraceOverrides; seen: number };

function newScope(): Scope {
  return { overrides: {}, seen: 0 };
}

function named(scopes: ReadonlyMap<string, Scope>, model: string | undefined): Scope | undefined {
  return model === undefined ? undefined : scopes.get(model);
}

function effective(forAll: Scope, ours: Scope | undefined): TraceSetting {
  return { ...defaultTraceSetting, ...forAll.overrides, ...ours?.overrides };
}

function sample(forAll: Scope, ours: Scope | undefined): boolean {
  const levels = ours?.overrides.trace_level ?? forAll.overrides.trace_level;
  if (levels === undefined || levels[0] === "OFF") return false;
  const scope = ours ?? forAll;
  scope.seen += 1;
  const { trace_rate, trace_count } = effective(forAll, ours);
  if (trace_count === "0" || scope.seen % Number(trace_rate) !== 0) return false;
  spend(ours?.overrides.trace_count === undefined ? forAll : ours);
  return true;
}

/** One trace fewer to come, where they are counted. */
function spend(scope: Scope): void {
  const left = Number(scope.overrides.trace_count ?? -1);
  if (left > 0) scope.overrides = { ...scope.overrides, trace_count: String(left - 1) };
}
