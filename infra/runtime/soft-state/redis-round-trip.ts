import type { Cluster, Command, Redis } from "ioredis";
import { admitScript } from "./admit-script.ts";
import { readReply, type Words, wordsOf } from "./redis-operations.ts";
import type { SoftOperation, SoftResult } from "./soft-state.ts";
import { createTurnWriter } from "./write-together.ts";

export type RoundTrip = (operations: readonly SoftOperation[]) => Promise<readonly SoftResult[]>;

export type RoundTripOptions = {
  readonly client: Redis | Cluster;
  /** The library's own class: it is loaded late, so it comes as an argument. */
  readonly Command: typeof Command;
  readonly keyPrefix: string;
};

/**
 * Sends every operation as a command of its own, one behind the other without waiting. On one connection that is one
 * round trip; in a cluster each command finds its own node, follows its own redirection, and the nodes work side by side.
 */
export function createRoundTrip({ client, Command, keyPrefix }: RoundTripOptions): RoundTrip {
  const writeTogether = createTurnWriter(client);
  let inHand = 0;
  const send = async ({ name, args }: Words): Promise<unknown> => {
    // No encoding: values are bytes.
    const command = new Command(name, args, { replyEncoding: null });
    inHand += 1;
    try {
      client.sendCommand(command);
      return await command.promise;
    } finally {
      inHand -= 1;
    }
  };
  const ask = async (operation: SoftOperation): Promise<SoftResult> => {
    const words = wordsOf(keyPrefix, operation);
    const reply = send(words);
    return readReply(operation, await (words.name === "evalsha" ? orWithText(reply, words, send) : reply));
  };
  return async (operations) => {
    // A single call that meets no other would only be late by it.
    if (inHand > 0 || operations.length > 1) writeTogether();
    return await allSettled(operations.map(ask));
  };
}

/** A server that began anew knows no script: of one call only what failed so is sent again, with the text. */
async function orWithText(
  reply: Promise<unknown>,
  words: Words,
  send: (words: Words) => Promise<unknown>,
): Promise<unknown> {
  try {
    return await reply;
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return await send({ name: "eval", args: [admitScript, ...words.args.slice(1)] });
  }
}

/** Rejects only when nothing is under way any more: until then the guard counts the call as in hand. */
async function allSettled(results: readonly Promise<SoftResult>[]): Promise<readonly SoftResult[]> {
  const [only] = results;
  if (only && results.length === 1) return [await only];
  await Promise.allSettled(results);
  return await Promise.all(results);
}
