import { expect, test } from "vitest";
import { markSessions } from "#edge/answer/mark-sessions.ts";
import type { Session, SessionAnswer } from "#inference/engine/session.ts";

const options = { path: "x.onnx", outputs: [], executionProviders: ["cpu"], exactQuantized: false } as const;
const answer: SessionAnswer = { answers: [], spent: [], inferenceMs: 1 };

/** Counts what is under way; a session loads and runs when a test lets it. */
function playing() {
  const marks = { now: 0, most: 0 };
  const loading = Promise.withResolvers<void>();
  const running = Promise.withResolvers<SessionAnswer>();
  const closed: string[] = [];
  const session: Session = {
    placement: { executionProvider: "cpu", passedOver: [] },
    ...{ run: () => running.promise, ended: new Promise(() => {}), kill: undefined },
    close: async () => void closed.push("closed"),
  };
  const begin = (): Disposable => {
    marks.now += 1;
    marks.most = Math.max(marks.most, marks.now);
    return {
      [Symbol.dispose]: () => {
        marks.now -= 1;
      },
    };
  };
  const open = markSessions(begin, async () => {
    await loading.promise;
    return session;
  });
  return { marks, loading, running, closed, session, open };
}

test("a session computes while it loads and while it runs, and at no other time", async () => {
  const { marks, loading, running, closed, session, open } = playing();
  const opening = open(options);
  expect(marks.now).toBe(1);
  loading.resolve();
  const opened = await opening;
  expect([marks.now, opened.placement, opened.kill]).toEqual([0, session.placement, undefined]);
  const run = opened.run([], { joined: false });
  expect(marks.now).toBe(1);
  running.resolve(answer);
  expect(await run).toBe(answer);
  expect(marks.now).toBe(0);
  await opened.close();
  expect(closed).toEqual(["closed"]);
});

test("what fails to load or to run has ended all the same", async () => {
  const { marks, loading, running, open } = playing();
  loading.reject(new Error("no memory"));
  await expect(open(options)).rejects.toThrow("no memory");
  const other = playing();
  other.loading.resolve();
  const opened = await other.open(options);
  const run = opened.run([], { joined: false });
  other.running.reject(new Error("the thread ended"));
  await expect(run).rejects.toThrow("the thread ended");
  expect([marks.now, other.marks.now, other.marks.most]).toEqual([0, 0, 1]);
  running.resolve(answer);
});
