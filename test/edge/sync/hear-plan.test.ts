import { expect, test } from "vitest";
import { syncOnce } from "#edge/sync/sync-once.ts";
import type { TrustedList } from "#edge/trust/trusted-list.ts";
import type { Plan, PlannedModel } from "#infra/runtime/devices/words.ts";
import { type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import { deviceParts, listNaming, model, planOf, trustIn } from "#test/support/edge/device-parts.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const { signal } = new AbortController();
const hour = 3_600_000;
const begun = 1_000 * hour;
const versions = { root: 2, timestamp: 7 };

type Gateway = {
  /** What it says that the newest lists are; undefined for one that is too old to say so. */
  named: Plan["lists"];
  /** What a refresh brings. */
  list: TrustedList;
  models: readonly PlannedModel[];
  /** How far its clock is ahead of the device's. */
  aheadMs: number;
  /** Thrown by the calls to come, in their order. */
  readonly noPlans: Error[];
  readonly noLists: Error[];
  readonly noReports: Error[];
};

/** A device that has synced once, so that its lists are as fresh as they can be. */
async function restingDevice() {
  const { parts, told, store } = await deviceParts(1);
  const clock = createFakeClock();
  const now = (): number => begun + clock.elapsed();
  const gateway: Gateway = {
    named: versions,
    list: { ...listNaming(1), versions, expiresAtMs: begun + 24 * hour },
    models: [{ model, release: 1, why: "steady" }],
    ...{ aheadMs: 0, noPlans: [], noLists: [], noReports: [] },
  };
  const asked: string[] = [];
  const ask = (what: string, refusals: Error[]): void => {
    asked.push(what);
    const refusal = refusals.shift();
    if (refusal) throw refusal;
  };
  const trust = trustIn(() => gateway.list);
  parts.memo.trust = {
    ...{ ...trust, now },
    refresh: async (patience) => {
      ask("lists", gateway.noLists);
      return await trust.refresh(patience);
    },
  };
  const client: typeof parts.client = {
    ...parts.client,
    plan: async () => {
      ask("plan", gateway.noPlans);
      const lists = gateway.named && { lists: gateway.named };
      return { ...planOf(...gateway.models), at: now() + gateway.aheadMs, ...lists };
    },
    report: async (report, patience) => {
      ask("report", gateway.noReports);
      await parts.client.report(report, patience);
    },
  };
  const device = { ...parts, clock, client };
  const round = async () => {
    asked.length = 0;
    const { failed } = await syncOnce(device, { signal });
    return { asked: asked.join(" "), failed: failed?.code };
  };
  expect(await round()).toEqual({ asked: "lists plan report", failed: undefined });
  return { gateway, round, memo: parts.memo, told, store, clock };
}

function refusal(code: ErrorCode): TradewindError {
  return new TradewindError(code, "no");
}

test("where the plan says that nothing is newer, the plan is all that is asked for", async () => {
  const { round, memo } = await restingDevice();
  for (let times = 0; times < 3; times += 1)
    expect(await round()).toEqual({ asked: "plan", failed: undefined });
  expect(memo).toMatchObject({ lists: "fresh", trouble: null, syncs: 4 });
});

test.each<[string, Plan["lists"]]>([
  ["a newer timestamp, as after any revocation", { root: 2, timestamp: 8 }],
  ["a newer root", { root: 3, timestamp: 7 }],
  ["an older timestamp, as after a restored store", { root: 2, timestamp: 6 }],
  ["an older root", { root: 1, timestamp: 7 }],
  ["nothing of lists, as a gateway of before", undefined],
])("where the plan names %s, the lists are asked for at once", async (_, named) => {
  const { round, gateway } = await restingDevice();
  gateway.named = named;
  expect((await round()).asked).toBe("plan lists");
});

test("newer lists that came are left to rest from then on", async () => {
  const { round, gateway } = await restingDevice();
  gateway.named = { root: 2, timestamp: 8 };
  gateway.list = { ...gateway.list, versions: gateway.named };
  expect((await round()).asked).toBe("plan lists");
  expect((await round()).asked).toBe("plan");
});

test("a mirror that is behind is asked again at each poll until it has what the plan names", async () => {
  const { round, gateway } = await restingDevice();
  gateway.named = { root: 2, timestamp: 8 };
  expect((await round()).asked).toBe("plan lists");
  expect((await round()).asked).toBe("plan lists");
  gateway.list = { ...gateway.list, versions: gateway.named };
  expect((await round()).asked).toBe("plan lists");
  expect((await round()).asked).toBe("plan");
});

test("lists that are refused are trouble that is told of, and they are asked for until they hold", async () => {
  const { round, gateway, told } = await restingDevice();
  gateway.named = { root: 2, timestamp: 6 };
  gateway.noLists.push(refusal("repository_refused"));
  expect(await round()).toEqual({ asked: "plan lists report", failed: "repository_refused" });
  expect(told.at(-1)?.trouble).toBe("repository_refused: no");
  gateway.named = versions;
  expect((await round()).asked).toBe("lists plan report");
  expect((await round()).asked).toBe("plan");
});

test("with another root the plan is asked for again, since its key may be another", async () => {
  const { round, gateway } = await restingDevice();
  gateway.named = { root: 3, timestamp: 8 };
  gateway.list = { ...gateway.list, versions: gateway.named };
  expect((await round()).asked).toBe("plan lists plan");
});

test("a plan by a key that a newer root may have taken away is not followed unless it is said again", async () => {
  const { round, gateway, memo } = await restingDevice();
  const [held, trust] = [memo.plan, memo.trust];
  if (!trust) throw new Error("there is no trust");
  gateway.named = { root: 3, timestamp: 8 };
  gateway.list = { ...gateway.list, versions: gateway.named };
  gateway.models = [{ model, release: 1, why: "pinned" }];
  const refresh: typeof trust.refresh = (patience) => {
    gateway.noPlans.push(refusal("repository_refused"));
    return trust.refresh(patience);
  };
  memo.trust = { ...trust, refresh };
  expect(await round()).toEqual({ asked: "plan lists plan report", failed: "repository_refused" });
  expect(memo.plan).toEqual(held);
});

test.each<ErrorCode>(["repository_refused", "repository_unreachable", "network_captive", "proof_stale"])(
  "a first plan that ends with %s counts as not asked for",
  async (code) => {
    const { round, gateway } = await restingDevice();
    gateway.noPlans.push(refusal(code));
    expect(await round()).toEqual({ asked: "plan lists plan", failed: undefined });
  },
);

test("a gateway that is away is asked as ever, and the lists are looked at once it is back", async () => {
  const { round, gateway } = await restingDevice();
  const away = refusal("repository_unreachable");
  gateway.noPlans.push(away, away);
  gateway.noLists.push(away);
  gateway.noReports.push(away);
  expect(await round()).toEqual({ asked: "plan lists plan report", failed: "repository_unreachable" });
  expect((await round()).asked).toBe("lists plan report");
  expect((await round()).asked).toBe("plan");
});

test("a stop while the plan is asked for ends the sync and begins nothing else", async () => {
  const { round, gateway } = await restingDevice();
  gateway.noPlans.push(new TradewindError("draining", "the device stops"));
  await expect(round()).rejects.toMatchObject({ code: "draining" });
});

test("once a day all lists are asked for, whatever plans say of them", async () => {
  const { round, gateway, clock } = await restingDevice();
  gateway.list = { ...gateway.list, expiresAtMs: begun + 1_000 * hour };
  gateway.named = { root: 2, timestamp: 8 };
  gateway.list = { ...gateway.list, versions: gateway.named };
  await round();
  for (let hours = 1; hours < 24; hours += 1) {
    clock.advance(hour);
    expect((await round()).asked).toBe("plan report");
  }
  clock.advance(hour);
  expect((await round()).asked).toBe("lists plan report");
});

test("lists with six hours left to their end are asked for at each poll", async () => {
  const { round, clock } = await restingDevice();
  clock.advance(18 * hour - 1);
  expect((await round()).asked).toBe("plan report");
  clock.advance(1);
  expect((await round()).asked).toBe("lists plan");
  expect((await round()).asked).toBe("lists plan");
});

test.each([5 * 60_000 + 1, -5 * 60_000 - 1])(
  "a plan whose moment is %d ms from the device's own lets no lists rest",
  async (aheadMs) => {
    const { round, gateway } = await restingDevice();
    gateway.aheadMs = aheadMs;
    expect((await round()).asked).toBe("plan lists");
  },
);

test("a plan that names a model whose lists are not here has them asked for", async () => {
  const { round, gateway } = await restingDevice();
  gateway.models = [...gateway.models, { model: "other", release: null, why: "steady" }];
  expect((await round()).asked).toBe("plan lists report");
  expect((await round()).asked).toBe("plan");
});

test("a plan that names a release which no list names has them asked for at each poll", async () => {
  const { round, gateway } = await restingDevice();
  gateway.models = [{ model, release: 2, why: "rollout", rollout: "er_2" }];
  expect((await round()).asked).toBe("plan lists report");
  expect((await round()).asked).toBe("plan lists");
});

test("lists from before the start are asked for, though nothing of them has ended", async () => {
  const { round, memo } = await restingDevice();
  memo.listed = undefined;
  expect((await round()).asked).toBe("lists plan");
});

test("what is known to be the newest is told of as fresh, though no list was fetched", async () => {
  const { round, told, clock } = await restingDevice();
  clock.advance(2 * hour);
  expect((await round()).asked).toBe("plan report");
  expect(told.at(-1)?.metadataAgeMs).toBe(0);
});

test("a report that was not taken is sent again, and one that was is not", async () => {
  const { round, gateway, told } = await restingDevice();
  gateway.models = [{ model, release: 1, why: "pinned" }];
  gateway.noReports.push(refusal("repository_unreachable"));
  expect(await round()).toEqual({ asked: "plan report", failed: "repository_unreachable" });
  expect(told).toHaveLength(1);
  expect((await round()).asked).toBe("lists plan report");
  expect((await round()).asked).toBe("plan");
  expect(told).toHaveLength(2);
});

test("what goes on after a round is in the next report", async () => {
  const { round, store, told } = await restingDevice();
  const now = store.state.models[model];
  if (!now) throw new Error("there is no such model");
  await store.change((state) => ({ ...state, models: { [model]: { ...now, agreement: 900_000 } } }));
  expect((await round()).asked).toBe("plan report");
  expect(told.at(-1)?.models[0]?.agreement).toBe(900_000);
});
