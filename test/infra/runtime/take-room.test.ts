import { expect, test } from "vitest";
import { type RoomyProcess, roomFlag, takeRoom } from "#infra/runtime/take-room.ts";

function fakeProcess(changes: Partial<RoomyProcess> = {}) {
  const replaced: { file: string; args: readonly string[]; env: Record<string, string> }[] = [];
  const process: RoomyProcess = {
    execPath: "/bin/node",
    execArgv: ["--enable-source-maps"],
    argv: ["/bin/node", "/app/main.js", "backend", "--models", "m"],
    env: { HOME: "/home", GONE: undefined },
    platform: "linux",
    execve: ((file: string, args: readonly string[], env: Record<string, string>) => {
      replaced.push({ file, args, env });
    }) as never,
    ...changes,
  };
  return { process, replaced };
}

test("a server goes on as itself with room for what lies outside of its heap, and a thread a core", () => {
  const { process, replaced } = fakeProcess();
  takeRoom(process, 16);
  expect(replaced).toEqual([
    {
      file: "/bin/node",
      args: ["/bin/node", roomFlag, "--enable-source-maps", "/app/main.js", "backend", "--models", "m"],
      env: { HOME: "/home", UV_THREADPOOL_SIZE: "16" },
    },
  ]);
});

test("the operator's own word on threads stands, and few cores get what Node gives", () => {
  const own = fakeProcess({ env: { UV_THREADPOOL_SIZE: "7" } });
  takeRoom(own.process, 16);
  expect(own.replaced[0]?.env).toEqual({ UV_THREADPOOL_SIZE: "7" });
  const small = fakeProcess();
  takeRoom(small.process, 2);
  expect(small.replaced[0]?.env.UV_THREADPOOL_SIZE).toBe("4");
});

test.each<[string, Partial<RoomyProcess>]>([
  ["has room already", { execArgv: ["--initial-old-space-size=512"] }],
  ["is somebody's child with a channel", { channel: {} }],
  ["runs on Windows", { platform: "win32" }],
])("a server that %s stays as it is", (_, changes) => {
  const { process, replaced } = fakeProcess(changes);
  takeRoom(process, 16);
  expect(replaced).toEqual([]);
});
