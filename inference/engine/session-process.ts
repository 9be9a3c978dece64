import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { entryPoint } from "#infra/runtime/entry-point.ts";
import { converse } from "./conversation.ts";
import type { FromSession, SessionOptions, ToSession } from "./messages.ts";
import type { Session } from "./session.ts";

/** A session in a process of its own: tensors are copied to it and back, and it can be killed inside a run. */
export async function openSessionProcess(
  options: SessionOptions,
  /** The module that the process runs, for tests. */
  module: URL = entryPoint("./child/main", import.meta.url),
): Promise<Session> {
  const child = fork(fileURLToPath(module), [], {
    serialization: "advanced",
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const ended = new Promise<Error>((resolve) => {
    child.once("error", resolve);
    child.once("exit", (code, signal) => resolve(new Error(`the process ended with ${signal ?? code}`)));
  });
  // What cannot be sent any more is told by `ended`.
  const send = (message: SessionOptions | ToSession): void => void child.send(message, () => {});
  const { ready, run } = converse({
    send,
    onMessage: (hear) => child.on("message", (message) => hear(message as FromSession)),
    ended,
  });
  const kill = (): void => void child.kill("SIGKILL");
  send(options);
  const placement = await ready(options.path).catch((error) => {
    kill();
    throw error;
  });
  return {
    placement,
    run,
    ended,
    close: async () => {
      if (child.connected) send({ kind: "close" });
      await ended;
    },
    kill,
  };
}
