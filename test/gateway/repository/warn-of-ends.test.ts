import { expect, test } from "vitest";
import { readVerified } from "#gateway/repository/read-verified.ts";
import { createEndsWarning, endingSoon, remedyOf } from "#gateway/repository/warn-of-ends.ts";
import { type SkippedEvent, sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { createMemoryBlobs } from "#test/support/memory-blobs.ts";
import { foundRepository } from "#test/support/signed-repository.ts";

const signal = new AbortController().signal;
const day = 86_400_000;

test("lists that people sign are told 30 days before their ends, and the online key's never", async () => {
  const lives = { root: 40 * day, targets: 20 * day, family: 31 * day };
  const { repository, clock } = await foundRepository(createMemoryBlobs(), { lives });
  const verified = await readVerified(repository, { signal });
  const { ends, freshUntilMs } = verified;
  expect([ends.root, ends.targets].map((at) => Math.round((at - clock.now()) / day))).toEqual([40, 20]);
  expect(freshUntilMs).toBe(ends.timestamp);
  const roles = (days: number) => endingSoon(verified, clock.now() + days * day).map(({ role }) => role);
  expect([roles(0), roles(2), roles(11)]).toEqual([
    ["targets"],
    ["targets", "digits-n"],
    ["root", "targets", "digits-n"],
  ]);
  expect(["root", "targets", "digits-n"].map(remedyOf)).toEqual([
    expect.stringContaining("rotate root --store URL --root-key"),
    expect.stringContaining("rotate targets --store URL --targets-key"),
    expect.stringContaining("rotate digits-n --store URL --family-key"),
  ]);
});

test("a gateway warns of a near end once a day, and has every end in its metrics", async () => {
  const { repository, clock } = await foundRepository(createMemoryBlobs(), { lives: { root: 20 * day } });
  const verified = await readVerified(repository, { signal });
  const metrics = createMetrics({ processMetrics: false });
  const heard: SkippedEvent[] = [];
  const unlisten = sideConcernSkipped.subscribe((event) => void heard.push(event));
  try {
    const warn = createEndsWarning({ metrics, clock });
    warn(verified);
    warn(verified);
    expect(heard).toMatchObject([
      { what: "renewing a list", detail: "root", error: { code: "repository_expired" } },
    ]);
    clock.advance(day);
    warn(verified);
    expect(heard).toHaveLength(2);
  } finally {
    unlisten();
  }
  const text = await metrics.metrics();
  expect(text).toContain(
    `tradewind_edge_list_ends_timestamp_seconds{list="root"} ${verified.ends.root / 1_000}`,
  );
  expect(text).toContain('{list="digits-n"}');
});
