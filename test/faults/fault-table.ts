import type { Behaviour } from "#test/support/programmable-backend/behaviour.ts";
import { deadlineMs, type Expectation, type Row, sloMs } from "./fault-row.ts";

/** One of six fails, and nobody sees it: what most rows expect. */
const unseen: Expectation = {
  statuses: [200],
  answered: 1,
  inTime: 0.995,
  p99Ms: 500,
  tries: 3,
  load: 1.15,
  recoveredMs: 0,
  usedAgainMs: 10_000,
};

const { usedAgainMs: _, ...nobodys } = unseen;

/** One of six is silent: who was sent to it before that was known may miss the deadline, and nobody after. */
const hardlySeen: Expectation = {
  ...unseen,
  statuses: [200, 504],
  answered: 0.98,
  inTime: 0.97,
  p99Ms: sloMs,
};

/** A rest of two seconds at first must be over, and somebody must come by. */
const longAfter = { afterMs: 2_500 };
/** So that there is always somebody whose answer it is when it happens. */
const busy: Partial<Behaviour> = { latency: { law: "lognormal", medianMs: 100, sigma: 0.2 } };

export const rows: readonly Row[] = [
  {
    name: "killed (SIGKILL) while busy",
    usual: busy,
    whom: "busiest",
    fault: { kind: "killed" },
    expectation: unseen,
    times: longAfter,
  },
  {
    name: "restarted at once",
    usual: busy,
    whom: "busiest",
    fault: { kind: "restarted" },
    expectation: unseen,
  },
  {
    name: "stopped (SIGSTOP)",
    whom: "busiest",
    fault: { kind: "stopped" },
    expectation: hardlySeen,
    times: longAfter,
  },
  {
    name: "black hole",
    whom: "busiest",
    fault: { kind: "cut" },
    expectation: hardlySeen,
    times: longAfter,
  },
  {
    name: "connections refused",
    whom: "busiest",
    fault: { kind: "behaves", as: { connections: "refused" } },
    expectation: unseen,
    times: longAfter,
  },
  {
    name: "reset after accept",
    whom: "busiest",
    fault: { kind: "behaves", as: { connections: "reset" } },
    expectation: unseen,
    times: longAfter,
  },
  {
    name: "reset in the middle of the body",
    whom: "busiest",
    fault: { kind: "behaves", as: { answers: "cut" } },
    expectation: unseen,
    times: longAfter,
  },
  {
    name: "hang: accepts and never answers",
    whom: "busiest",
    fault: { kind: "behaves", as: { answers: "never" } },
    expectation: hardlySeen,
    times: longAfter,
  },
  {
    name: "half-open: connections that nobody reads",
    whom: "busiest",
    fault: { kind: "behaves", as: { connections: "unread" } },
    expectation: hardlySeen,
    times: longAfter,
  },
  {
    name: "stalled in the middle of the body",
    whom: "busiest",
    fault: { kind: "behaves", as: { answers: "stalled" } },
    expectation: hardlySeen,
    times: longAfter,
  },
  {
    name: "drip: a byte every 50 ms",
    whom: "busiest",
    fault: { kind: "behaves", as: { answers: "drip" } },
    expectation: hardlySeen,
    times: longAfter,
  },
  {
    name: "500 for 5 % of the images, at once",
    whom: "busiest",
    fault: { kind: "behaves", as: { refuses: { status: 500, share: 0.05 } } },
    expectation: unseen,
  },
  {
    name: "500 for all images, at once",
    whom: "busiest",
    fault: { kind: "behaves", as: { refuses: { status: 500, share: 1 } } },
    expectation: unseen,
    times: longAfter,
  },
  {
    name: "429 with Retry-After: 1",
    whom: "busiest",
    fault: { kind: "behaves", as: { refuses: { status: 429, share: 1, retryAfterS: 1 } } },
    expectation: { ...unseen, usedAgainMs: 3_000 },
  },
  {
    name: "429 with Retry-After: 1 from everybody",
    whom: "all",
    fault: { kind: "behaves", as: { refuses: { status: 429, share: 1, retryAfterS: 1 } } },
    expectation: {
      ...unseen,
      statuses: [200, 503],
      answered: 0,
      inTime: 0,
      load: 1.3,
      recoveredMs: 1_500,
    },
  },
  {
    name: "503 beyond one image at once, Retry-After: 1",
    whom: "busiest",
    fault: { kind: "behaves", as: { capacity: { most: 1, retryAfterS: 1 }, slowness: 5 } },
    expectation: { ...unseen, usedAgainMs: 3_000 },
  },
  {
    name: "answers that are no JSON",
    whom: "busiest",
    fault: { kind: "behaves", as: { answers: "garbage" } },
    expectation: unseen,
    times: longAfter,
  },
  {
    name: "answers with impossible boxes",
    whom: "busiest",
    fault: { kind: "behaves", as: { answers: "wrong" } },
    expectation: unseen,
    times: longAfter,
  },
  {
    name: "answers of 6 MiB",
    whom: "busiest",
    fault: { kind: "behaves", as: { answers: "enormous" } },
    expectation: unseen,
    times: longAfter,
  },
  {
    name: "ten times slower",
    usual: { latency: { law: "lognormal", medianMs: 60, sigma: 0.2 } },
    whom: "busiest",
    fault: { kind: "behaves", as: { slowness: 10 } },
    expectation: { ...unseen, p99Ms: 600 },
    times: longAfter,
  },
  {
    name: "slower than the deadline",
    whom: "busiest",
    fault: { kind: "behaves", as: { slowness: 100 } },
    expectation: hardlySeen,
    times: longAfter,
  },
  {
    name: "a cold one comes and is slow for a while",
    whom: "first",
    fault: { kind: "comes", as: { slowStart: { forMs: 1_500, extraMs: 1_200 } } },
    expectation: hardlySeen,
    times: longAfter,
  },
  {
    name: "everybody killed",
    whom: "all",
    fault: { kind: "killed" },
    expectation: {
      ...unseen,
      statuses: [200, 502, 503],
      answered: 0,
      inTime: 0,
      recoveredMs: 3_000,
    },
    times: longAfter,
  },
  {
    name: "everybody answers 500",
    whom: "all",
    fault: { kind: "behaves", as: { refuses: { status: 500, share: 1 } } },
    expectation: {
      ...unseen,
      statuses: [200, 502, 503],
      answered: 0,
      inTime: 0,
      load: 1.4,
      recoveredMs: 3_000,
    },
    times: longAfter,
  },
  {
    name: "everybody hangs",
    whom: "all",
    fault: { kind: "behaves", as: { answers: "never" } },
    expectation: {
      ...hardlySeen,
      statuses: [200, 503, 504],
      answered: 0,
      inTime: 0,
      p99Ms: deadlineMs + 500,
      recoveredMs: 3_000,
    },
    times: longAfter,
  },
  {
    name: "everybody ten times slower",
    usual: { latency: { law: "lognormal", medianMs: 40, sigma: 0.2 } },
    whom: "all",
    fault: { kind: "behaves", as: { slowness: 10 } },
    expectation: { ...unseen, p99Ms: sloMs, recoveredMs: 500 },
  },
  {
    name: "Redis killed",
    whom: "nobody",
    fault: { kind: "redis" },
    expectation: { ...nobodys, tries: 2, load: 1.06 },
  },
];
