import { expect, test } from "vitest";
import { isHostRule, readImageAddress } from "#gateway/bodies/image-address.ts";
import { seededRandom } from "#test/support/random.ts";

test.each([
  ["https://images.example.com/a.jpg", "images.example.com"],
  ["HTTPS://Images.Example.COM/a.jpg?size=1#part", "images.example.com"],
  ["https://images.example.com:443/", "images.example.com"],
  ["https://xn--bcher-kva.example", "xn--bcher-kva.example"],
  ["https://a-b.c1.example/%2e%2e/a", "a-b.c1.example"],
])("%s is an address to fetch an image from", (text, host) => {
  const address = readImageAddress(text);
  expect(address.host).toBe(host);
  expect(address.url.hostname).toBe(host);
});

test.each([
  ["no scheme", "images.example.com/a.jpg"],
  ["nothing", ""],
  ["plain http", "http://images.example.com/"],
  ["a file", "file:///etc/passwd"],
  ["data", "data:image/png;base64,AAAA"],
  ["an address of IPv4", "https://8.8.8.8/"],
  ["a loopback address", "https://127.0.0.1/"],
  ["an address of IPv6", "https://[2606:4700::1111]/"],
  ["a decimal address", "https://2130706433/"],
  ["an octal address", "https://0177.0.0.1/"],
  ["a hexadecimal address", "https://0x7f.0.0.1/"],
  ["one hexadecimal number", "https://0x7f000001/"],
  ["a short address", "https://127.1/"],
  ["a name that ends in a number", "https://example.1/"],
  ["a name that ends in a hexadecimal number", "https://example.0x7f/"],
  ["a single label", "https://metadata/"],
  ["localhost", "https://localhost/"],
  ["a name under localhost", "https://a.localhost/"],
  ["a name of the local network", "https://printer.local/"],
  ["a name inside a cloud", "https://metadata.google.internal/"],
  ["a trailing dot", "https://images.example.com./"],
  ["an empty label", "https://images..example.com/"],
  ["a hyphen at an edge", "https://-images.example.com/"],
  ["an underscore", "https://my_images.example.com/"],
  ["a label that is too long", `https://${"a".repeat(64)}.example/`],
  ["a name that is too long", `https://${"a.".repeat(127)}example/`],
  ["a user", "https://user@images.example.com/"],
  ["a user and a password", "https://user:secret@images.example.com/"],
  ["an empty user", "https://@images.example.com/"],
  ["another host behind an at sign", "https://images.example.com@10.0.0.1/"],
  ["a percent-encoded host", "https://images%2eexample.com/"],
  ["a percent-encoded at sign", "https://images.example.com%40evil.example/"],
  ["another port", "https://images.example.com:8443/"],
  ["port 0", "https://images.example.com:0/"],
  ["a port with a zero before it", "https://images.example.com:0443/"],
  ["an empty port", "https://images.example.com:/"],
  ["a port beyond all ports", "https://images.example.com:65536/"],
  ["a port that is no number", "https://images.example.com:4a3/"],
  ["a backslash after the scheme", "https:/\\images.example.com/"],
  ["a backslash in the authority", "https://images.example.com\\@evil.example/"],
  ["a backslash in the path", "https://images.example.com/a\\b"],
  ["one slash", "https:/images.example.com/"],
  ["three slashes", "https:///images.example.com/"],
  ["no slash", "https:images.example.com/"],
  ["a space before", " https://images.example.com/"],
  ["a tab within", "https://images.exa\tmple.com/"],
  ["a line break within", "ht\ntps://images.example.com/"],
  ["a zero byte", "https://images.example.com/\0"],
  ["letters of another script", "https://bücher.example/"],
  ["fullwidth digits", "https://１２７.0.0.1/"],
  ["an ideographic full stop", "https://images。example.com/"],
  ["a soft hyphen", "https://ima\u00adges.example.com/"],
  ["a text without end", `https://images.example.com/${"a".repeat(2_100)}`],
])("%s is refused as a place to fetch an image from", (_, text) => {
  expect(() => readImageAddress(text)).toThrow(expect.objectContaining({ code: "url_refused" }));
});

test.each([
  ["https://images.example.com/", ["images.example.com"], true],
  ["https://IMAGES.example.com/", ["Images.Example.com"], true],
  ["https://a.images.example.com/", ["images.example.com"], false],
  ["https://a.example.com/", ["*.example.com"], true],
  ["https://a.b.example.com/", ["*.example.com"], true],
  ["https://example.com/", ["*.example.com"], false],
  ["https://badexample.com/", ["*.example.com"], false],
  ["https://example.com.evil.example/", ["example.com", "*.example.com"], false],
  ["https://images.example.com:8443/", ["images.example.com"], false],
  ["https://images.example.com:8443/", ["images.example.com:8443"], true],
  ["https://images.example.com/", ["images.example.com:8443"], false],
  ["https://a.example.com:8443/", ["b.example", "*.example.com:8443"], true],
  ["https://images.example.com/", [], false],
  ["https://printer.local/", ["printer.local"], false],
  ["https://a.example.com/", ["*"], true],
  ["https://a.example.com:8443/", ["*"], false],
] as const)("%s with the rules %j: allowed is %s", (url, allow, isAllowed) => {
  const read = () => readImageAddress(url, allow).url.href;
  if (isAllowed) expect(read()).toBe(new URL(url).href);
  else expect(read).toThrow(expect.objectContaining({ code: "url_refused" }));
});

test("a rule is a name, perhaps with a star before it and a port behind it", () => {
  const good = ["a.example", "*.a.example", "a.example:8443", "*"];
  const bad = [
    "",
    "*.com.",
    "a",
    "*.*.example",
    "10.0.0.1",
    "a.example:0",
    "https://a.example",
    "a.example/x",
  ];
  expect([good.filter(isHostRule), bad.filter(isHostRule)]).toEqual([good, []]);
});

test("whatever is let through, Node reads the same host in it", () => {
  const random = seededRandom(17);
  const pieces = [
    "https://",
    "a",
    "b.",
    ".example",
    ".com",
    "@",
    ":",
    "443",
    "/",
    "\\",
    "#",
    "?",
    "%40",
    "1",
    "[",
    "]",
    "0x7f",
    "-",
    "\t",
    "。",
  ];
  let through = 0;
  for (let round = 0; round < 5_000; round += 1) {
    const parts = Array.from(
      { length: random.integer(1, 7) },
      () => pieces[random.integer(0, pieces.length - 1)],
    );
    const text = `https://${parts.join("")}`;
    try {
      const { url, host } = readImageAddress(text);
      through += 1;
      expect(url.hostname).toBe(host);
      expect(host).toMatch(/^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]+$/);
      expect(url.username + url.password + url.port).toBe("");
    } catch (error) {
      expect(error).toMatchObject({ code: "url_refused" });
    }
  }
  expect(through).toBeGreaterThan(20);
});
