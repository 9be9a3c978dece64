import { expect, test } from "vitest";
import { createTraceControl } from "#inference/settings/trace-control.ts";
import { defaultTraceSetting } from "#inference/settings/trace-setting.ts";

const open = () => {
  const control = createTraceControl();
  const update = (changes: object, model?: string) =>
    control.update(new TextEncoder().encode(JSON.stringify(changes)), model);
  const sampled = (model: string, requests: number): number =>
    Array.from({ length: requests }, () => control.sample(model)).filter(Boolean).length;
  return { control, update, sampled };
};

test("nothing is traced until somebody asks for it", () => {
  const { control, sampled } = open();
  expect(control.read()).toEqual({
    trace_level: ["OFF"],
    trace_rate: "1000",
    trace_count: "-1",
    log_frequency: "0",
    trace_file: "",
    trace_mode: "triton",
  });
  expect(control.read("digits")).toEqual(control.read());
  expect(sampled("digits", 5000)).toBe(0);
});

test("one request in so many is traced", () => {
  const { update, sampled } = open();
  update({ trace_level: ["TIMESTAMPS"], trace_rate: "10" });
  expect(sampled("digits", 1000)).toBe(100);
});

test("so many requests are traced and no more, and what is left is told", () => {
  const { control, update, sampled } = open();
  update({ trace_level: ["TIMESTAMPS"], trace_rate: "1", trace_count: "3" });
  expect(sampled("digits", 2)).toBe(2);
  expect(control.read().trace_count).toBe("1");
  expect(sampled("digits", 10)).toBe(1);
  expect(control.read().trace_count).toBe("0");
});

test("a model's own setting goes before that of all, which holds for whatever it does not set", () => {
  const { control, update } = open();
  update({ trace_rate: "12", log_frequency: "34" }, "digits");
  update({ trace_rate: "56", trace_count: "78", trace_level: ["TIMESTAMPS"] });
  expect(control.read("digits")).toEqual({
    ...defaultTraceSetting,
    trace_level: ["TIMESTAMPS"],
    trace_rate: "12",
    trace_count: "78",
    log_frequency: "34",
  });
  expect(control.read("other").trace_rate).toBe("56");
});

test("null takes a setting away, of all and of one model", () => {
  const { control, update } = open();
  update({ trace_rate: "12", log_frequency: "34" }, "digits");
  update({ trace_rate: "56", trace_count: "78" });
  expect(update({ trace_rate: null, trace_count: null })).toEqual(defaultTraceSetting);
  expect(control.read("digits")).toMatchObject({ trace_rate: "12", trace_count: "-1", log_frequency: "34" });
  expect(update({ trace_rate: null, trace_level: null }, "digits")).toMatchObject({
    trace_rate: "1000",
    log_frequency: "34",
  });
});

test("a model can be traced alone, or all but it", () => {
  const { update, sampled } = open();
  update({ trace_level: ["TIMESTAMPS"], trace_rate: "1" }, "one");
  expect([sampled("one", 5), sampled("two", 5)]).toEqual([5, 0]);
  update({ trace_level: ["TIMESTAMPS"], trace_rate: "1" });
  update({ trace_level: ["OFF"] }, "one");
  expect([sampled("one", 5), sampled("two", 5)]).toEqual([0, 5]);
});

test("a model with a rate of its own spends the count of all", () => {
  const { control, update, sampled } = open();
  update({ trace_level: ["TIMESTAMPS"], trace_count: "4" });
  update({ trace_rate: "2" }, "digits");
  expect(sampled("digits", 100)).toBe(4);
  expect(control.read().trace_count).toBe("0");
});

test("the setting of a model that is gone is forgotten", () => {
  const { control, update } = open();
  update({ trace_rate: "7" }, "digits");
  control.forget("digits");
  expect(control.read("digits")).toEqual(defaultTraceSetting);
});

test("the trace setting that was read may be sent back as it is", () => {
  const { control, update } = open();
  expect(update(control.read())).toEqual(defaultTraceSetting);
});

test.each([
  [{ trace_file: "model.log" }, "trace file location can not be updated through network protocol"],
  [{ trace_file: ["a"] }, "trace file location"],
  [{ trace_mode: "opentelemetry" }, "trace mode can not be updated"],
  [{ trace_level: ["TENSORS"] }, "callers' images"],
  [{ trace_level: ["TIMESTAMPS", "TENSORS"] }, "callers' images"],
  [{ trace_level: ["OFF", "TIMESTAMPS"] }, "trace_level is"],
  [{ trace_level: ["MAX"] }, "trace_level is"],
  [{ trace_level: [] }, "trace_level is"],
  [{ trace_level: "OFF" }, "trace_level is"],
  [{ trace_rate: "0" }, "Unable to parse 'trace_rate'"],
  [{ trace_rate: 100 }, "Unable to parse 'trace_rate'"],
  [{ trace_rate: "ten" }, "Unable to parse 'trace_rate'"],
  [{ trace_rate: "" }, "Unable to parse 'trace_rate'"],
  [{ trace_rate: "1e3" }, "Unable to parse 'trace_rate'"],
  [{ trace_rate: "4294967296" }, "Unable to parse 'trace_rate'"],
  [{ trace_count: "-2" }, "Unable to parse 'trace_count'"],
  [{ trace_count: "2147483648" }, "Unable to parse 'trace_count'"],
  [{ log_frequency: "-1" }, "Unable to parse 'log_frequency'"],
  [{ log_frequency: ["1"] }, "Unable to parse 'log_frequency'"],
  [{ trace_levels: ["OFF"] }, "there is no setting 'trace_levels'"],
])("the trace setting %j is refused in words", (changes, words) => {
  const { control, update } = open();
  expect(() => update({ log_frequency: "5", ...changes }, "digits")).toThrow(words);
  expect(control.read("digits")).toEqual(defaultTraceSetting);
});
