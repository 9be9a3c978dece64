import { expect, test } from "vitest";
import { isPublicAddress } from "#gateway/bodies/public-address.ts";

/** The first and last address of each block, by IANA's registries. */
const special: readonly (readonly [block: string, first: string, last: string])[] = [
  ["this network", "0.0.0.0", "0.255.255.255"],
  ["private 10/8", "10.0.0.0", "10.255.255.255"],
  ["a carrier's shared block", "100.64.0.0", "100.127.255.255"],
  ["loopback", "127.0.0.0", "127.255.255.255"],
  ["link-local", "169.254.0.0", "169.254.255.255"],
  ["private 172.16/12", "172.16.0.0", "172.31.255.255"],
  ["protocol assignments", "192.0.0.0", "192.0.0.255"],
  ["documentation 1", "192.0.2.0", "192.0.2.255"],
  ["relays of 6to4", "192.88.99.0", "192.88.99.255"],
  ["private 192.168/16", "192.168.0.0", "192.168.255.255"],
  ["benchmarks", "198.18.0.0", "198.19.255.255"],
  ["documentation 2", "198.51.100.0", "198.51.100.255"],
  ["documentation 3", "203.0.113.0", "203.0.113.255"],
  ["multicast", "224.0.0.0", "239.255.255.255"],
  ["reserved, and broadcast", "240.0.0.0", "255.255.255.255"],
  ["a cloud's service of each machine", "168.63.129.16", "168.63.129.16"],
  ["unspecified and loopback of IPv6", "::", "::1"],
  ["IPv4-compatible", "::7f00:1", "::8.8.8.8"],
  ["translation within a network", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"],
  ["discard only", "100::", "100::ffff:ffff:ffff:ffff"],
  ["dummy prefix", "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff"],
  ["Teredo", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["protocol assignments of IPv6", "2001:1::1", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["benchmarks of IPv6", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff"],
  ["documentation of IPv6", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["6to4", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["6to4 of a public address", "2002:808:808::1", "2002:7f00:1::1"],
  ["more documentation of IPv6", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["segment routing", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["not given to anybody", "4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["unique local", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["a cloud's metadata over IPv6", "fd00:ec2::254", "fd00:ec2::254"],
  ["link-local of IPv6", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["site-local", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["multicast of IPv6", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
];

test.each(special)("%s is no public address", (_, first, last) => {
  expect([first, last].filter(isPublicAddress)).toEqual([]);
});

test.each([
  "1.1.1.1",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.0",
  "168.63.129.15",
  "169.253.255.255",
  "169.255.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.0.1.0",
  "192.31.196.1",
  "192.52.193.1",
  "192.175.48.1",
  "192.167.255.255",
  "192.169.0.0",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
  "2001:200::1",
  "2606:4700::1111",
  "2620:4f:8000::1",
  "2a00:1450:4001::200e",
])("%s, beside the special blocks, is public", (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  ["::ffff:8.8.8.8", true],
  ["::ffff:808:808", true],
  ["::FFFF:0808:0808", true],
  ["0:0:0:0:0:ffff:8.8.8.8", true],
  ["64:ff9b::8.8.8.8", true],
  ["64:ff9b::808:808", true],
  ["::ffff:127.0.0.1", false],
  ["::ffff:7f00:1", false],
  ["::ffff:a9fe:a9fe", false],
  ["::ffff:0:0", false],
  ["0:0:0:0:0:ffff:a00:1", false],
  ["64:ff9b::10.0.0.1", false],
  ["64:ff9b::a00:1", false],
  ["64:ff9b::", false],
  ["64:ff9b::1", false],
  ["64:ff9b:0:0:0:0:a9fe:a9fe", false],
  ["64:ff9b::a00:0", false],
  ["64:ff9b::808:0", true],
] as const)("%s is judged by the address of IPv4 that it leads to", (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});

test.each([
  "",
  "localhost",
  "127.1",
  "0x7f000001",
  "2130706433",
  "8.8.8.8.",
  "08.8.8.8",
  "[::1]",
  "2606:4700::1%eth0",
])("%j is no address, so it is not a public one", (text) => {
  expect(isPublicAddress(text)).toBe(false);
});
