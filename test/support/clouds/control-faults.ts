import { expect, vi } from "vitest";
import type { Changing } from "#adapters/control.ts";
import type { Hand } from "#adapters/hand.ts";
import { asTradewindError, type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import {
  type Bench,
  type ControlSubject,
  expectAnswers,
  expectInstances,
  expectStable,
  type Holds,
  more,
  newOf,
  patience,
  standNew,
} from "./control-bench.ts";
import type { CloudFault } from "./world.ts";

export function faultsHold(holds: Holds, actions: ControlSubject["actions"]): void {
  const { read, scale, deploy } = actions;
  const fails = async (bench: Bench, fault: CloudFault, what: () => Promise<unknown>): Promise<Error> => {
    bench.fake.fail(fault);
    const failed = await what().then(() => undefined, asTradewindError);
    if (!failed) throw new Error(`${fault.action} did not fail`);
    return failed;
  };
  const grow = (bench: Bench): Promise<void> => bench.control.scale(more(bench), bench);
  holds("asks again when it is throttled, be it to look or to change", async (bench) => {
    bench.fake.fail({ action: read, times: 2, kind: "throttled" });
    await bench.status();
    bench.fake.fail({ action: scale, times: 2, kind: "throttled" });
    await grow(bench);
    await expectInstances(bench, 2);
  });
  holds(
    "asks again when an answer to a question is cut off or the API is down for a moment",
    async (bench) => {
      for (const kind of ["truncated", "unavailable"] as const) {
        bench.fake.fail({ action: read, times: 1, kind });
        expect((await bench.status()).revisions).not.toEqual([]);
      }
    },
  );
  const faults: readonly (readonly [CloudFault["kind"] & string, ErrorCode])[] = [
    ["forbidden", "provider_forbidden"],
    ["quota", "provider_quota"],
    ["unavailable", "provider_unavailable"],
  ];
  for (const [kind, code] of faults)
    holds(`says ${code} when a change meets ${kind}`, async (bench) => {
      const failed = await fails(bench, { action: scale, times: 99, kind }, () => grow(bench));
      expect(failed).toMatchObject({ code });
      if (kind === "forbidden") expect(failed.message).toContain(scale);
    });
  holds("names the action that a deployment is not allowed", async (bench) => {
    const ask = () => bench.control.deploy(newOf(bench), bench);
    const failed = await fails(bench, { action: deploy, times: 99, kind: "forbidden" }, ask);
    expect(failed).toMatchObject({ code: "provider_forbidden" });
    expect(failed.message).toContain(deploy);
  });
  for (const place of [1, 2, 3])
    holds(`comes to the same when the answer to change ${place} of each verb is lost`, async (bench) => {
      const { control, images } = bench;
      await untilDone(bench, place, (changing) => control.deploy(newOf(bench), changing));
      const revision = await standNew(bench);
      await untilDone(bench, place, (changing) => control.promote({ revision }, changing));
      await expectStable(bench, images.v2);
      await untilDone(bench, place, (changing) => control.rollback({ revision }, changing));
      await expectStable(bench, images.v1);
      await vi.waitFor(() => expectAnswers(bench.stable, images.v1, bench.signal), patience);
      expect(bench.fake.problems()).toEqual([]);
    });
  holds("gives up a question when its time is over", async (bench) => {
    bench.fake.fail({ action: read, times: 99, kind: { slowMs: 20_000 } });
    const began = performance.now();
    await expect(bench.control.status({ signal: AbortSignal.timeout(300) })).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(5_000);
  });
  holds(
    "says that the API is away while the whole cloud is, and finds everything as it was after",
    async (bench) => {
      bench.fake.lose();
      const asked = bench.control.status({ signal: AbortSignal.timeout(2_000) });
      await expect(asked).rejects.toThrow();
      bench.fake.restore();
      await expectStable(bench, bench.images.v1);
    },
  );
}

/** Asked again by whoever did not hear that it was done. */
async function untilDone(
  bench: Bench,
  place: number,
  ask: (changing: Changing) => Promise<unknown>,
): Promise<void> {
  const isDone = await ask({ ...bench, hand: losing(bench.hand, place) }).then(
    () => true,
    () => false,
  );
  if (!isDone) await vi.waitFor(() => ask(bench), patience);
}

/** The change is made, and nobody hears of it. */
function losing(hand: Hand, place: number): Hand {
  let changes = 0;
  return {
    isDry: false,
    change: (call, make, instead) => {
      changes += 1;
      const isLost = changes === place;
      const lost = async (): ReturnType<typeof make> => {
        const answer = await make();
        if (isLost) throw new TradewindError("provider_unavailable", "the answer was lost");
        return answer;
      };
      return hand.change(call, lost, instead);
    },
  };
}
