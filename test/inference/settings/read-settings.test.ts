import { expect, test } from "vitest";
import { longestSettingsBody, readSettings } from "#inference/settings/read-settings.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const known = ["log_info", "log_file"];

test("an empty body changes nothing", () => {
  expect(readSettings(bytes(""), known)).toEqual({});
  expect(readSettings(bytes("{}"), known)).toEqual({});
});

test.each([
  ["no JSON", bytes("{log_info: true}"), /no JSON/],
  ["half a body", bytes('{"log_info": tr'), /no JSON/],
  ["bytes that are no text", Uint8Array.of(0x7b, 0xff, 0x7d), /no JSON/],
  ["a list", bytes('[{"log_info": true}]'), /JSON object/],
  ["null", bytes("null"), /JSON object/],
  ["a number", bytes("1"), /JSON object/],
  [
    "a setting that is not known",
    bytes('{"log_infos": true}'),
    /no setting 'log_infos', only log_info, log_file/,
  ],
  ["a prototype", bytes('{"__proto__": {"log_info": true}}'), /no setting '__proto__'/],
  ["a method's name", bytes('{"toString": 1}'), /no setting 'toString'/],
  ["an overlong name", bytes(`{"${"a".repeat(5000)}": 1}`), /^there is no setting 'a{40}',/],
  ["more bytes than settings need", bytes(" ".repeat(longestSettingsBody + 1)), /too long/],
])("settings of %s are refused", (_what, body, words) => {
  expect(() => readSettings(body, known)).toThrow(words);
});

test("a refusal of settings is the caller's fault", () => {
  const refusal = (): unknown => {
    try {
      return readSettings(bytes("nonsense"), known);
    } catch (error) {
      return error;
    }
  };
  const error = refusal();
  expect(error instanceof TradewindError && error.kind.status).toBe(400);
});
