import type { Behaviour } from "#test/support/programmable-backend/behaviour.ts";
import type { ProgrammableBackend } from "#test/support/programmable-backend/launch.ts";
import type { Row } from "./fault-row.ts";
import { type Load, openLoop } from "./open-loop.ts";

export type Fleet = readonly ProgrammableBackend[];

/** How a backend behaves that nothing has happened to. */
export type Usual = Partial<Behaviour> & Pick<Behaviour, "slowness">;

export type Settled = { readonly faulty: Fleet; readonly usual: Usual };

/** Turns in which a new gateway gets to know the fleet. */
const turnMs = 400;
const mostTurns = 8;

/** Until so much goes where the fault will be, so that it meets somebody. */
const enough = 0.6;

/** Whoever fails is so much quicker than the others: before, and when it is well again. */
const quickest = 0.4;

/** Finds whom it will happen to. Of those that are alike it is the one that has most of the requests, which is made the quickest. */
export async function settle(row: Row, fleet: Fleet, asked: Omit<Load, "over">): Promise<Settled> {
  const { whom, usual } = row;
  const well: Usual = { ...usual, slowness: 1 };
  const quick: Usual = { ...usual, slowness: quickest };
  if (whom === "busiest") return { faulty: await settleOnOne(fleet, asked, { well, quick }), usual: quick };
  await openLoop({ ...asked, over: AbortSignal.timeout(turnMs) });
  if (whom === "first") return { faulty: fleet.slice(0, 1), usual: quick };
  return { faulty: whom === "all" ? fleet : [], usual: well };
}

async function settleOnOne(
  fleet: Fleet,
  asked: Omit<Load, "over">,
  { well, quick }: { readonly well: Usual; readonly quick: Usual },
): Promise<Fleet> {
  let faulty: ProgrammableBackend | undefined;
  for (let turn = 0; turn < mostTurns; turn += 1) {
    for (const backend of fleet) await backend.forget();
    await openLoop({ ...asked, over: AbortSignal.timeout(turnMs) });
    const had = await Promise.all(fleet.map(async (backend) => (await backend.arrivals()).length));
    const most = Math.max(...had);
    const busiest = fleet[had.indexOf(most)];
    if (busiest === faulty && most > enough * had.reduce((sum, each) => sum + each, 0)) break;
    await faulty?.behave(well);
    await busiest?.behave(quick);
    faulty = busiest;
  }
  return faulty ? [faulty] : [];
}
