import { expect, onTestFinished, test, vi } from "vitest";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createErrands } from "#infra/runtime/soft-state/errands.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import type { LeaveOperation, SoftOperation, SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { unsent } from "#infra/runtime/soft-state/unsent.ts";

const leave = (member: string): LeaveOperation => ({ kind: "leave", tag: "t", key: "places", member });
const look = { kind: "get", key: "k" } as const;
const turn = () => new Promise(setImmediate);

function subject(most?: number) {
  const real = createSoftStateInProcess();
  onTestFinished(() => real.close());
  const state: { fails: ((operations: readonly SoftOperation[]) => boolean) | undefined; code?: "internal" } =
    {
      fails: undefined,
    };
  const done: string[] = [];
  const softState: Pick<SoftState, "apply"> = {
    apply: async (operations, options) => {
      const code = state.code ?? "soft_state_unavailable";
      if (state.fails?.(operations)) throw new TradewindError(code, "away");
      for (const operation of operations) if (operation.kind === "leave") done.push(operation.member);
      return await real.apply(operations, options);
    },
  };
  const skipped = vi.fn();
  onTestFinished(sideConcernSkipped.subscribe(skipped));
  const errands = createErrands(softState, most === undefined ? {} : { most });
  return { errands, state, done, skipped };
}

test("an errand is run at once where the soft state answers", async () => {
  const { errands, done } = subject();
  errands.run([leave("a")]);
  expect(done).toEqual(["a"]);
});

test("an errand that met no answer is run again behind the next call that is answered, and told to nobody", async () => {
  const { errands, state, done, skipped } = subject();
  state.fails = () => true;
  errands.run([leave("a")]);
  errands.run([leave("b")]);
  await turn();
  await expect(errands.apply([look])).rejects.toThrow("away");
  state.fails = undefined;
  await turn();
  expect(done).toEqual([]);
  expect(await errands.apply([look])).toEqual([undefined]);
  await turn();
  expect(done).toEqual(["a", "b"]);
  await errands.apply([look]);
  await turn();
  expect(done).toEqual(["a", "b"]);
  expect(skipped).not.toHaveBeenCalled();
});

test("of more errands than may wait the oldest are dropped, and told", async () => {
  const { errands, state, done, skipped } = subject(2);
  state.fails = () => true;
  for (const member of ["a", "b", "c", "d"]) errands.run([leave(member)]);
  await turn();
  state.fails = undefined;
  await errands.apply([look]);
  await turn();
  expect(done).toEqual(["c", "d"]);
  expect(skipped).toHaveBeenCalledTimes(2);
  expect(skipped.mock.calls[0]?.[0]).toMatchObject({ what: "settling a request" });
});

test("an errand that an answering soft state refuses again and again is given up, and holds up no other", async () => {
  const { errands, state, done, skipped } = subject();
  state.fails = ([first]) => first?.kind === "leave" && first.member === "poison";
  errands.run([leave("poison")]);
  for (let call = 0; call < 10; call += 1) {
    await errands.apply([look]);
    await turn();
  }
  errands.run([leave("a")]);
  expect(done).toEqual(["a"]);
  expect(skipped).toHaveBeenCalledTimes(1);
});

test("an errand that never left loses none of its tries, however long the soft state is away", async () => {
  const { errands, state, done } = subject();
  state.fails = () => {
    throw unsent("away");
  };
  errands.run([leave("a")]);
  await turn();
  for (let call = 0; call < 10; call += 1) {
    state.fails = ([first]) => {
      if (first?.kind === "leave") throw unsent("away again");
      return false;
    };
    await errands.apply([look]);
    await turn();
  }
  state.fails = undefined;
  await errands.apply([look]);
  await turn();
  expect(done).toEqual(["a"]);
});

test("a soft state that goes away again amid the errands is not asked for the rest of them", async () => {
  const { errands, state, done } = subject();
  state.fails = () => true;
  for (let place = 0; place < 500; place += 1) errands.run([leave(`m${place}`)]);
  await turn();
  let asked = 0;
  state.fails = ([first]) => first?.kind === "leave" && ++asked > 0;
  await errands.apply([look]);
  await turn();
  expect(asked).toBeLessThan(100);
  state.fails = undefined;
  await errands.apply([look]);
  await vi.waitFor(() => expect(done).toHaveLength(500));
});

test("an errand that makes no sense is told, and not tried again", async () => {
  const { errands, state, skipped } = subject();
  const tried = vi.fn(() => true);
  state.fails = ([first]) => first?.kind === "leave" && tried();
  state.code = "internal";
  errands.run([leave("a")]);
  await turn();
  await errands.apply([look]);
  await turn();
  expect(tried).toHaveBeenCalledTimes(1);
  expect(skipped).toHaveBeenCalledTimes(1);
});

test("a thousand errands that waited are all run when the soft state is back", async () => {
  const { errands, state, done } = subject();
  state.fails = () => true;
  for (let place = 0; place < 1_000; place += 1) errands.run([leave(`m${place}`)]);
  await turn();
  state.fails = undefined;
  await errands.apply([look]);
  await vi.waitFor(() => expect(done).toHaveLength(1_000));
});
