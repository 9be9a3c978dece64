import { expect, test } from "vitest";
import { createLogControl, settingsOf } from "#inference/settings/logging.ts";
import { createLog } from "#infra/runtime/log.ts";

const initial = {
  log_file: "",
  log_info: true,
  log_warning: true,
  log_error: true,
  log_verbose_level: 0,
  log_format: "default",
};

const open = (level = "info") => {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line).level);
  const log = createLog({ name: "x", level, destination: { write } });
  const control = createLogControl(log);
  /** The levels at which a line comes out. */
  const heard = (): readonly string[] => {
    lines.length = 0;
    for (const name of ["trace", "debug", "info", "warn", "error", "fatal"] as const) log[name]("line");
    return [...lines];
  };
  const update = (changes: object) => control.update(new TextEncoder().encode(JSON.stringify(changes)));
  return { control, heard, update, log };
};

test("the log's settings are those of Triton, in its order", () => {
  expect(JSON.stringify(open().control.read())).toBe(JSON.stringify(initial));
});

test.each([
  [{ log_info: false }, ["warn", "error", "fatal"]],
  [{ log_info: false, log_warning: false }, ["error", "fatal"]],
  [{ log_info: false, log_warning: false, log_error: false }, ["fatal"]],
  [{ log_warning: false }, ["info", "error", "fatal"]],
  [{ log_error: false }, ["info", "warn", "fatal"]],
  [{ log_verbose_level: 1 }, ["debug", "info", "warn", "error", "fatal"]],
  [{ log_verbose_level: 2 }, ["trace", "debug", "info", "warn", "error", "fatal"]],
  [{ log_verbose_level: 7, log_info: false }, ["trace", "debug", "warn", "error", "fatal"]],
  [{ log_info: false, log_warning: false, log_error: false, log_verbose_level: 1 }, ["debug", "fatal"]],
])("with %j the log says exactly what the settings say", (changes, levels) => {
  const { heard, update, control } = open();
  expect(update(changes)).toEqual({ ...initial, ...changes });
  expect(control.read()).toEqual({ ...initial, ...changes });
  expect(heard()).toEqual(levels);
});

test("a log that was made quiet speaks again", () => {
  const { heard, update } = open();
  update({ log_info: false, log_warning: false, log_error: false, log_verbose_level: 2 });
  expect(update({ log_info: true, log_warning: true, log_error: true, log_verbose_level: 0 })).toEqual(
    initial,
  );
  expect(heard()).toEqual(["info", "warn", "error", "fatal"]);
});

test("only what is named changes, and null changes nothing", () => {
  const { update } = open();
  update({ log_verbose_level: 3, log_format: "ISO8601" });
  expect(update({ log_info: null, log_file: null })).toEqual({
    ...initial,
    log_verbose_level: 3,
    log_format: "ISO8601",
  });
});

test("the settings that were read may be sent back as they are", () => {
  const { control, update } = open();
  expect(update(control.read())).toEqual(initial);
});

test.each([
  [{ log_file: "log_file.log" }, "log file location can not be updated through network protocol"],
  [{ log_file: "/etc/passwd" }, "log file location"],
  [{ log_file: 1 }, "log file location"],
  [{ log_info: "true" }, 'log_info is true or false, got "true"'],
  [{ log_warning: 0 }, "log_warning is true or false, got 0"],
  [{ log_error: [] }, "log_error is true or false, got a list"],
  [{ log_verbose_level: -1 }, "log_verbose_level is a whole number"],
  [{ log_verbose_level: 1.5 }, "log_verbose_level is a whole number"],
  [{ log_verbose_level: "1" }, "log_verbose_level is a whole number"],
  [{ log_verbose_level: 1e12 }, "log_verbose_level is a whole number"],
  [{ log_verbose_level: true }, "log_verbose_level is a whole number"],
  [{ log_format: "xml" }, 'log_format is "default" or "ISO8601", got "xml"'],
  [{ log_format: { a: 1 } }, "got an object"],
  [{ log_warnings: true }, "there is no setting 'log_warnings'"],
])("the log settings %j are refused in words", (changes, words) => {
  expect(() => open().update(changes)).toThrow(words);
});

test("of settings that are refused in part none is taken over", () => {
  const { control, heard, update } = open();
  expect(() => update({ log_info: false, log_file: "x" })).toThrow();
  expect(control.read()).toEqual(initial);
  expect(heard()).toContain("info");
});

test("a value of ten thousand brackets is refused like any other", () => {
  const { control } = open();
  const depth = 8000;
  const body = new TextEncoder().encode(`{"log_info":${"[".repeat(depth)}${"]".repeat(depth)}}`);
  expect(() => control.update(body)).toThrow("got a list");
});

test.each([
  ["trace", { log_verbose_level: 2 }],
  ["debug", { log_verbose_level: 1 }],
  ["warn", { log_info: false }],
  ["error", { log_info: false, log_warning: false }],
  ["fatal", { log_info: false, log_warning: false, log_error: false }],
  ["silent", { log_info: false, log_warning: false, log_error: false }],
])("a log that starts at level %s shows it", (level, parts) => {
  expect(settingsOf(level)).toEqual({ ...initial, ...parts });
  expect(open(level).control.read()).toEqual({ ...initial, ...parts });
});

test("a silent log stays silent until something is changed", () => {
  const { control, heard } = open("silent");
  control.update(new Uint8Array());
  expect(heard()).toEqual([]);
});
