import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { type SteadyBody, steadyBody } from "#infra/runtime/blobs/steady-body.ts";
import { text } from "#test/support/blob-files.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const whole = "0123456789";

test("a body is taken up where it stopped, as often as allowed", async () => {
  const starts: number[] = [];
  const reopen = async (start: number) => {
    starts.push(start);
    return breaking(whole.slice(start, start + 3));
  };
  expect(await text(body({ first: breaking("012"), reopen }))).toBe(whole);
  expect(starts).toEqual([3, 6, 9]);
});

test("a body that breaks off once too often is an error", async () => {
  const reopen = async (start: number) => breaking(whole.slice(start, start + 2));
  await expect(text(body({ first: breaking("01"), reopen }))).rejects.toThrow("broke");
});

test("a body that ends early without a word has broken off too", async () => {
  const reopen = async () => Readable.from([]);
  await expect(text(body({ first: Readable.from([Buffer.from("01")]), reopen }))).rejects.toThrow(
    "8 bytes early",
  );
});

test("a body that breaks after its last byte is whole", async () => {
  expect(await text(body({ first: breaking(whole) }))).toBe(whole);
});

test("a body of more than was announced is refused at once", async () => {
  const first = Readable.from([Buffer.from(`${whole}x`)]);
  await expect(text(body({ first }))).rejects.toMatchObject({ code: "blob_invalid" });
  expect(first.destroyed).toBe(true);
});

test("a body that says nothing is given up after its time and taken up again", async () => {
  const clock = createFakeClock();
  const first = silent();
  const reading = text(body({ first, clock, reopen: async () => Readable.from([Buffer.from(whole)]) }));
  await turn();
  clock.advance(99);
  expect(first.destroyed).toBe(false);
  clock.advance(1);
  expect(await reading).toBe(whole);
  expect(first.destroyed).toBe(true);
});

test("a reader may take its time without the body being given up", async () => {
  const clock = createFakeClock();
  const first = Readable.from([Buffer.from("01234"), Buffer.from("56789")]);
  const chunks: string[] = [];
  for await (const chunk of body({ first, clock })) {
    for (let wait = 0; wait < 5; wait += 1) {
      clock.advance(100);
      await turn();
    }
    chunks.push(Buffer.from(chunk).toString());
  }
  expect(chunks).toEqual(["01234", "56789"]);
});

test("a reader who leaves closes the body", async () => {
  const first = Readable.from([Buffer.from("01234"), Buffer.from("56789")]);
  for await (const _ of body({ first })) break;
  expect(first.destroyed).toBe(true);
});

function body(given: Pick<SteadyBody, "first"> & Partial<SteadyBody>): AsyncGenerator<Uint8Array> {
  const extent = { start: 0, bytes: whole.length, totalBytes: whole.length };
  const reopen = async () => {
    throw new Error("asked again");
  };
  return steadyBody({ extent, reopen, resumes: 3, clock: createFakeClock(), stallMs: 100, ...given });
}

function breaking(content: string): Readable {
  return Readable.from(
    (async function* () {
      yield Buffer.from(content);
      throw new Error("broke");
    })(),
  );
}

function silent(): Readable {
  return new Readable({ read: () => undefined });
}
