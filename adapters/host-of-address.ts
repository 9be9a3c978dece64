import { BlockList, isIPv4, isIPv6 } from "node:net";

/**
 * An address as it stands in a URL; undefined for what is none, and for one at which no backend can be: what a cloud says
 * of its tasks and pods must not lead images to the services of the machine, such as the one that hands out its credentials.
 */
export function hostOfAddress(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  if (isIPv4(address)) return never.check(address, "ipv4") ? undefined : address;
  // What follows a percent sign is a name of this machine's own interfaces.
  if (!isIPv6(address) || address.includes("%")) return undefined;
  return never.check(address, "ipv6") ? undefined : `[${address}]`;
}

const neverBlocks = [
  ["0.0.0.0", 8], // this network
  ["168.63.129.16", 32], // Azure's own service on each of its machines
  ["169.254.0.0", 16], // link-local, with the metadata services of clouds
  ["224.0.0.0", 3], // multicast, reserved, and broadcast
  ["::", 128], // nothing
  ["64:ff9b::", 96], // IPv4 in other words, which may lead to any of the above
  ["fd00:ec2::", 32], // the metadata services of AWS
  ["fe80::", 10], // link-local
  ["ff00::", 8], // multicast
] as const;

const never = new BlockList();
for (const [start, bits] of neverBlocks) never.addSubnet(start, bits, isIPv4(start) ? "ipv4" : "ipv6");
