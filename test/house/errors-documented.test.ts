import { expect, test } from "vitest";
import { catalogue } from "#infra/runtime/errors.ts";
import { sourceFiles } from "#test/support/source-files.ts";

const path = "gateway/ERRORS.md";
const page = sourceFiles("gateway", "ERRORS.md").find((file) => file.path === path)?.text ?? "";

/** A section opens `## code`, then one line `Status 400 · not retryable · the caller's fault`, then prose. */
const sections = page
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [code = "", , facts = "", ...prose] = section.split("\n");
    return { code: code.trim(), facts, prose: prose.join(" ").trim() };
  });

const faults = { caller: "the caller's fault", backend: "a backend's fault", us: "our fault" } as const;

test("documents every error code once, and no other", () => {
  expect(page, `${path} is missing`).not.toBe("");
  expect(sections.map(({ code }) => code).sort()).toEqual(Object.keys(catalogue).sort());
});

test("documents each error's status, retry and fault as the catalogue has them", () => {
  const wanted = Object.entries(catalogue).map(([code, { status, retryable, blame }]) => {
    return `${code}: Status ${status} · ${retryable ? "retryable" : "not retryable"} · ${faults[blame]}`;
  });
  expect(sections.map(({ code, facts }) => `${code}: ${facts}`).sort()).toEqual(wanted.sort());
});

test("says of each error when it happens and what to do", () => {
  const silent = sections.filter(({ prose }) => prose.split(". ").length < 2);
  expect(silent.map(({ code }) => code)).toEqual([]);
});
