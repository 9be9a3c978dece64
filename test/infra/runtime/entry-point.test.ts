import { expect, test } from "vitest";
import { readPort } from "#infra/runtime/config/port.ts";
import { entryPoint } from "#infra/runtime/entry-point.ts";

test("a module starts its neighbour in the form it has itself", () => {
  expect(entryPoint("./worker", "file:///a/pool.ts").href).toBe("file:///a/worker.ts");
  expect(entryPoint("../b/main", "file:///dist/a/pool.js").href).toBe("file:///dist/b/main.js");
});

test("a port is a whole number up to 65535, and anything else is refused by its text", () => {
  expect(["0", "8080", "65535"].map(readPort)).toEqual([0, 8080, 65_535]);
  for (const text of ["", " ", "-1", "65536", "80.5", "http"]) {
    expect(() => readPort(text)).toThrow(`"${text}" is no port`);
  }
});
