import { ChildProcess } from "node:child_process";
import { expect, test } from "vitest";
import { createHandedOver } from "#gateway/workers/handed-over.ts";

/** A worker's process as far as connections are handed to it. */
function child() {
  const made = new ChildProcess();
  const sent: unknown[] = [];
  made.send = (message: unknown) => {
    sent.push(message);
    return true;
  };
  return { made, sent };
}

function connection() {
  let closed = 0;
  const close = (): void => {
    closed += 1;
  };
  return { close, closed: () => closed };
}

const hand = ({ made }: ReturnType<typeof child>, seq: number, handle: object): void => {
  Reflect.apply(made.send, made, [{ cmd: "NODE_CLUSTER", act: "newconn", key: "a", seq }, handle]);
};

const reply = ({ made }: ReturnType<typeof child>, ack: number, accepted: boolean): void => {
  made.emit("internalMessage", { cmd: "NODE_CLUSTER", ack, accepted });
};

test("what is handed over goes to the worker as it is", () => {
  const one = child();
  createHandedOver().watch(one.made, () => false);
  hand(one, 1, connection());
  one.made.send("hello");
  expect(one.sent).toEqual([{ cmd: "NODE_CLUSTER", act: "newconn", key: "a", seq: 1 }, "hello"]);
});

test("a connection that a worker had not taken when it died is hung up, and one that it took is not", () => {
  const one = child();
  const gone = createHandedOver().watch(one.made, () => false);
  const [taken, untaken] = [connection(), connection()];
  hand(one, 1, taken);
  reply(one, 1, true);
  hand(one, 2, untaken);
  gone();
  gone();
  expect([taken.closed(), untaken.closed()]).toEqual([0, 1]);
});

test("a connection that comes back when all workers stop is hung up", () => {
  const one = child();
  createHandedOver().watch(one.made, () => true);
  const left = connection();
  hand(one, 1, left);
  reply(one, 1, false);
  expect(left.closed()).toBe(1);
});

test("a connection that comes back from one worker and went to another is left to that one", () => {
  const handedOver = createHandedOver();
  const [one, two] = [child(), child()];
  const gone = handedOver.watch(one.made, () => true);
  handedOver.watch(two.made, () => false);
  const passed = connection();
  hand(one, 1, passed);
  hand(two, 2, passed);
  reply(one, 1, false);
  gone();
  expect(passed.closed()).toBe(0);
});

test("a connection that comes back while others serve waits for one of them", () => {
  const one = child();
  createHandedOver().watch(one.made, () => false);
  const waiting = connection();
  hand(one, 1, waiting);
  reply(one, 1, false);
  one.made.emit("internalMessage", { cmd: "NODE_HANDLE_ACK" });
  expect(waiting.closed()).toBe(0);
});
