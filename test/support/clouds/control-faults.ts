import { expect } from "vitest";
import { asTradewindError, type ErrorCode } from "#infra/runtime/errors.ts";
import {
  type Bench,
  type ControlSubject,
  expectInstances,
  expectStable,
  type Holds,
  more,
  newOf,
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
