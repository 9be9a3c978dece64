/**
 * States of a run: under way, from its first caller on -> landed, with one outcome for all who still wait
 *                                                      -> abandoned, when the last of them has left.
 * Only runs under way can be joined, and each has a caller who waits: so there are never more of them than callers, and
 * neither an answer nor a failure is remembered.
 */
export type Flights<Result> = {
  /**
   * Joins the run of that name or begins it. A caller who leaves rejects with the reason of their own signal; the run's
   * signal ends only with the last of them, by that one's reason.
   */
  readonly fly: (
    name: string,
    callerSignal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<Result>,
  ) => Promise<Result>;
  /** Is there a run to join, rather than to begin? */
  readonly underWay: (name: string) => boolean;
  readonly size: () => number;
};

type Run<Result> = { readonly seats: Set<Seat<Result>>; readonly stop: AbortController };

type Seat<Result> = {
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
  readonly signal: AbortSignal | undefined;
  leave: () => void;
};

/** Concurrent callers of one name share one run of the work. The result is shared as well: nobody may change it. */
export function createFlights<Result>(): Flights<Result> {
  const runs = new Map<string, Run<Result>>();
  const fly: Flights<Result>["fly"] = (name, callerSignal, work) =>
    new Promise((resolve, reject) => {
      if (callerSignal?.aborted) return reject(callerSignal.reason);
      const joined = runs.get(name);
      const run = joined ?? { seats: new Set(), stop: new AbortController() };
      const forget = (): void => {
        // An abandoned run still ends some time, when another may have begun under its name.
        if (runs.get(name) === run) runs.delete(name);
      };
      takeSeat(run, { resolve, reject, signal: callerSignal, leave: nothing }, forget);
      if (joined) return;
      runs.set(name, run);
      begin(run, work, forget);
    });
  return { fly, underWay: (name) => runs.has(name), size: () => runs.size };
}

function takeSeat<Result>(run: Run<Result>, seat: Seat<Result>, forget: () => void): void {
  run.seats.add(seat);
  const { signal, reject } = seat;
  if (!signal) return;
  seat.leave = () => {
    signal.removeEventListener("abort", seat.leave);
    run.seats.delete(seat);
    reject(signal.reason);
    if (run.seats.size > 0) return;
    forget();
    run.stop.abort(signal.reason);
  };
  signal.addEventListener("abort", seat.leave);
}

function begin<Result>(
  run: Run<Result>,
  work: (signal: AbortSignal) => Promise<Result>,
  forget: () => void,
): void {
  const land = (tell: (seat: Seat<Result>) => void): void => {
    forget();
    for (const seat of run.seats) {
      seat.signal?.removeEventListener("abort", seat.leave);
      tell(seat);
    }
  };
  startNow(work, run.stop.signal).then(
    (result) => land(({ resolve }) => resolve(result)),
    (reason) => land(({ reject }) => reject(reason)),
  );
}

/** Begins within this turn, and a throw before the first wait is a failure as any other. */
async function startNow<Result>(work: (signal: AbortSignal) => Promise<Result>, signal: AbortSignal) {
  return work(signal);
}

function nothing(): void {}
