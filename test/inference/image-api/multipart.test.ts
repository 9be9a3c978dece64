import { expect, test } from "vitest";
import { readParts } from "#inference/image-api/multipart.ts";
import { type FormPart, multipartBody } from "#test/support/multipart.ts";
import { seededRandom } from "#test/support/random.ts";

const read = (body: Buffer | string, boundary: string | undefined = "X") =>
  [...readParts(Buffer.from(body), boundary)].map(({ name, isFile, bytes }) => ({
    name,
    isFile,
    text: bytes.toString("latin1"),
  }));

const head = 'Content-Disposition: form-data; name="a"';

test("parts come in order, as views into the body", () => {
  const body = multipartBody([
    { name: "image", filename: "a.jpg", type: "image/jpeg", bytes: "first" },
    { name: "conf", bytes: "0.5" },
  ]);
  const parts = [...readParts(body, "boundary-of-a-test")];
  expect(parts.map(({ name, isFile, bytes }) => [name, isFile, bytes.toString()])).toEqual([
    ["image", true, "first"],
    ["conf", false, "0.5"],
  ]);
  expect(parts.map(({ bytes }) => bytes.buffer === body.buffer)).toEqual([true, true]);
});

test.each([
  ["a preamble and an epilogue", `before\r\n--X\r\n${head}\r\n\r\nv\r\n--X--\r\nafter --X`, "v"],
  [
    "an epilogue that looks like a part",
    `--X\r\n${head}\r\n\r\nv\r\n--X--\r\n--X\r\n${head}\r\n\r\nw\r\n--X--`,
    "v",
  ],
  ["blanks behind a boundary", `--X \t\r\n${head}\r\n\r\nv\r\n--X-- \r\n`, "v"],
  ["no line break at the end", `--X\r\n${head}\r\n\r\nv\r\n--X--`, "v"],
  ["an empty value", `--X\r\n${head}\r\n\r\n\r\n--X--`, ""],
  ["a value that is not there at all", `--X\r\n${head}\r\n\r\n--X--`, ""],
  [
    "line breaks and dashes in a value",
    `--X\r\n${head}\r\n\r\n\r\n--\r\n-X\r\n\r\n--X--`,
    "\r\n--\r\n-X\r\n",
  ],
  ["a bare line feed before what is no boundary", `--X\r\n${head}\r\n\r\nv\n--X\n\r\n--X--`, "v\n--X\n"],
  ["headers in small letters", `--X\r\ncontent-disposition:FORM-DATA;name=a\r\n\r\nv\r\n--X--`, "v"],
  [
    "other headers",
    `--X\r\nX-Some: thing\r\n${head}\r\nContent-Transfer-Encoding: binary\r\n\r\nv\r\n--X--`,
    "v",
  ],
])("%s is read as it is meant", (_, body, text) => {
  expect(read(body)).toEqual([{ name: "a", isFile: false, text }]);
});

test.each([
  ['name="a"; filename=""', "a", true],
  ["name=\"a\"; filename*=UTF-8''b%20c.jpg", "a", true],
  ['name="a\\"b"', 'a"b', false],
  ['name="a\\\\b"', "a\\b", false],
  ['name="a"; filename="C:\\temp\\new.jpg"', "a", true],
  ['name="grün"', "grün", false],
  ['name="a;b"', "a;b", false],
  ['NAME = "a" ;', "a", false],
])("the disposition %s names a field %s", (disposition, name, isFile) => {
  const body = `--X\r\nContent-Disposition: form-data; ${disposition}\r\n\r\nv\r\n--X--`;
  expect(read(body)).toEqual([{ name, isFile, text: "v" }]);
});

test.each([
  ["no boundary in the content type", "--X--", undefined],
  ["an empty boundary", "----", ""],
  ["a boundary that is too long", "--X--", "X".repeat(71)],
  ["a boundary with an odd letter", "--X--", 'X"'],
  ["a boundary that ends in a blank", "--X --", "X "],
  ["a boundary that does not occur", `--Y\r\n${head}\r\n\r\nv\r\n--Y--`, "X"],
  ["no last boundary", `--X\r\n${head}\r\n\r\nv`, "X"],
  ["an end right after a boundary", `--X\r\n${head}\r\n\r\nv\r\n--X`, "X"],
  ["a boundary with more behind it", `--X\r\n${head}\r\n\r\nv\r\n--Xtra\r\n`, "X"],
  ["a last boundary with more behind it", `--X\r\n${head}\r\n\r\nv\r\n--X--tra\r\n`, "X"],
  ["lines that end in a line feed alone", `--X\n${head}\n\nv\n--X--`, "X"],
  ["headers without end", `--X\r\n${head}\r\n--X--`, "X"],
  ["headers that are too long", `--X\r\n${head}\r\nX: ${"a".repeat(17_000)}\r\n\r\nv\r\n--X--`, "X"],
  ["a line that is no header", `--X\r\n${head}\r\nnonsense\r\n\r\nv\r\n--X--`, "X"],
  ["a folded header", `--X\r\n${head};\r\n filename=a\r\n\r\nv\r\n--X--`, "X"],
  ["a boundary among the headers", `--X\r\n${head}\r\n--X: a\r\n\r\nv\r\n--X--`, "X"],
  ["a line feed in a header", `--X\r\n${head}\nX: a\r\n\r\nv\r\n--X--`, "X"],
  ["a zero byte in a header", `--X\r\n${head}\0\r\n\r\nv\r\n--X--`, "X"],
  ["a part without headers", "--X\r\n\r\nv\r\n--X--", "X"],
  ["a part without a disposition", "--X\r\nContent-Type: image/jpeg\r\n\r\nv\r\n--X--", "X"],
  ["two dispositions", `--X\r\n${head}\r\n${head}\r\n\r\nv\r\n--X--`, "X"],
  ["an attachment", `--X\r\nContent-Disposition: attachment; name="a"\r\n\r\nv\r\n--X--`, "X"],
  ["a part without a name", "--X\r\nContent-Disposition: form-data\r\n\r\nv\r\n--X--", "X"],
  ["a part with an empty name", '--X\r\nContent-Disposition: form-data; name=""\r\n\r\nv\r\n--X--', "X"],
  ["a name given twice", `--X\r\n${head}; name="b"\r\n\r\nv\r\n--X--`, "X"],
  ["a quote that is not closed", '--X\r\nContent-Disposition: form-data; name="a\r\n\r\nv\r\n--X--', "X"],
  ["more behind a quote", '--X\r\nContent-Disposition: form-data; name="a"b\r\n\r\nv\r\n--X--', "X"],
  ["a parameter without a value", "--X\r\nContent-Disposition: form-data; name\r\n\r\nv\r\n--X--", "X"],
  ["a form in a part", `--X\r\n${head}\r\nContent-Type: Multipart/Mixed; boundary=Y\r\n\r\nv\r\n--X--`, "X"],
  ["65 parts", `${`--X\r\n${head}\r\n\r\nv\r\n`.repeat(65)}--X--`, "X"],
])("%s makes a form malformed", (_, body, boundary) => {
  const reading = () => [...readParts(Buffer.from(body), boundary)];
  expect(reading).toThrow(expect.objectContaining({ code: "request_malformed" }));
});

test("a part that says it is base64 is refused as encoded", () => {
  const body = `--X\r\n${head}\r\nContent-Transfer-Encoding: base64\r\n\r\nv\r\n--X--`;
  expect(() => read(body)).toThrow(expect.objectContaining({ code: "encoding_unsupported" }));
});

test("64 parts are read, and a boundary of all its letters", () => {
  const boundary = "'()+_,-./:=? 0123456789";
  const parts: FormPart[] = Array.from({ length: 64 }, (_, index) => ({
    name: `p${index}`,
    bytes: `${index}`,
  }));
  expect(read(multipartBody(parts, boundary), boundary)).toHaveLength(64);
});

test("what was written is read again, whatever its bytes are", () => {
  const random = seededRandom(4);
  const pieces = ["\r\n", "--", "X", "\r", "\n", "-", "\0", "\xff", " ", "--X", "\r\n-", ":"];
  for (let round = 0; round < 500; round += 1) {
    const parts = Array.from({ length: random.integer(1, 5) }, (_, index) => {
      const text = Array.from({ length: random.integer(0, 12) }, () => pieces[random.integer(0, 11)]).join(
        "",
      );
      return { name: `n${index}`, bytes: Buffer.from(text, "latin1") };
    });
    const texts = parts.map(({ bytes }) => bytes.toString("latin1"));
    expect(read(multipartBody(parts, "XY"), "XY").map(({ text }) => text)).toEqual(texts);
  }
});

test("a damaged form is read or refused, and nothing else happens", () => {
  const random = seededRandom(5);
  const whole = multipartBody(
    [
      { name: "image", filename: "a", type: "image/png", bytes: "abc" },
      { name: "b", bytes: "" },
    ],
    "X",
  );
  for (let round = 0; round < 3_000; round += 1) {
    const body = Buffer.from(whole.subarray(0, random.integer(1, whole.byteLength)));
    for (let change = random.integer(0, 3); change > 0; change -= 1) {
      body[random.integer(0, body.byteLength - 1)] = random.integer(0, 255);
    }
    try {
      read(body);
    } catch (error) {
      expect(error).toMatchObject({
        code: expect.stringMatching(/^(request_malformed|encoding_unsupported)$/),
      });
    }
  }
});

test.each([
  ["half boundaries", Buffer.from(`\r\n--${"a".repeat(69)}b`.repeat(40_000)), "a".repeat(70)],
  ["one letter", Buffer.alloc(3_000_000, "a"), "a".repeat(70)],
  ["blanks behind a boundary", Buffer.concat([Buffer.from("--X"), Buffer.alloc(3_000_000, " ")]), "X"],
  ["line breaks", Buffer.alloc(3_000_000, "\r\n"), "X"],
])("three megabytes of %s are refused in linear time", (_, body, boundary) => {
  const from = performance.now();
  expect(() => [...readParts(body, boundary)]).toThrow(/can't be read/);
  expect(performance.now() - from).toBeLessThan(2_000);
});
