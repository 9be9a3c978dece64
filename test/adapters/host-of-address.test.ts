import { expect, test } from "vitest";
import { hostOfAddress } from "#adapters/host-of-address.ts";

test.each([
  ["10.0.1.7", "10.0.1.7"],
  ["203.0.113.9", "203.0.113.9"],
  ["127.0.0.1", "127.0.0.1"],
  ["223.255.255.255", "223.255.255.255"],
  ["2600:1f18::7", "[2600:1f18::7]"],
  ["fd12::7", "[fd12::7]"],
  ["::ffff:10.0.0.7", "[::ffff:10.0.0.7]"],
])("%s can be a backend's address", (address, host) => {
  expect(hostOfAddress(address)).toBe(host);
});

test.each([
  ["a metadata service", "169.254.169.254"],
  ["ECS's service for credentials", "169.254.170.2"],
  ["a metadata service as IPv6", "::ffff:169.254.169.254"],
  ["the same in hexadecimal", "::ffff:a9fe:a9fe"],
  ["a metadata service by translation", "64:ff9b::a9fe:a9fe"],
  ["the metadata service of AWS over IPv6", "fd00:ec2::254"],
  ["Azure's own service", "168.63.129.16"],
  ["a link-local one of IPv6", "fe80::1"],
  ["one with a zone", "fe80::1%eth0"],
  ["a public one with a zone", "2600:1f18::7%eth0"],
  ["this network", "0.0.0.0"],
  ["a group", "224.0.0.1"],
  ["a broadcast", "255.255.255.255"],
  ["nothing", "::"],
  ["a group of IPv6", "ff02::1"],
  ["a name", "backend.example"],
  ["an empty text", ""],
  ["an absent one", undefined],
])("%s is no backend's address", (_, address) => {
  expect(hostOfAddress(address)).toBeUndefined();
});
