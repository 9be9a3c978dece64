import { BlockList, isIPv4, isIPv6 } from "node:net";

/**
 * Whether an address is a place on the public internet, by IANA's registries of special-purpose addresses. What is
 * written as IPv6 and leads to IPv4 (::ffff:0:0/96, 64:ff9b::/96) is judged by where it leads.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, "ipv4");
  if (!isIPv6(address) || address.includes("%")) return false;
  const inner = innerIPv4(address);
  if (inner !== undefined) return !special.check(inner, "ipv4");
  return unicast.check(address, "ipv6") && !special.check(address, "ipv6");
}

/** Blocks that are not globally reachable, or that nothing of the public web can lie in. */
const specialBlocks = [
  ["0.0.0.0", 8], // this network
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // shared with a carrier
  ["127.0.0.0", 8], // loopback
  ["168.63.129.16", 32], // looks public, and is a cloud's own service on each of its machines
  ["169.254.0.0", 16], // link-local, with the metadata services of clouds
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.88.99.0", 24], // relays of 6to4
  ["192.168.0.0", 16], // private
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, and broadcast
  ["2001::", 23], // protocol assignments, Teredo among them
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4, which may lead anywhere
  ["3fff::", 20], // documentation
] as const;

const special = blocks(specialBlocks);

/** Everything of IPv6 outside of it is loopback, private, link-local, multicast, or not given to anybody yet. */
const unicast = blocks([["2000::", 3]]);

function blocks(list: readonly (readonly [string, number])[]): BlockList {
  const found = new BlockList();
  for (const [start, bits] of list) found.addSubnet(start, bits, isIPv4(start) ? "ipv4" : "ipv6");
  return found;
}

const leadingToIPv4 = blocks([
  ["::ffff:0:0", 96],
  ["64:ff9b::", 96],
]);

function innerIPv4(address: string): string | undefined {
  if (!leadingToIPv4.check(address, "ipv6")) return undefined;
  const dotted = /[0-9.]+$/.exec(address)?.[0] ?? "";
  if (isIPv4(dotted)) return dotted;
  const groups = address.split(":");
  const low = groupValue(groups.at(-1));
  const high = groupValue(groups.at(-2));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** Between two colons lie zeros that are not written. */
function groupValue(group: string | undefined): number {
  return Number.parseInt(group || "0", 16);
}
