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
  const ended = (): void => {
    inHand -= 1;
  };
  const send = ({ name, args }: Words): Promise<unknown> => {
    // No encoding: values are bytes.
    const command = new Command(name, args, { replyEncoding: null });
    inHand += 1;
    client.sendCommand(command);
    command.promise.then(ended, ended);
    return command.promise;
  };
  const ask = (operation: SoftOperation): Promise<SoftResult> => {
    const words = wordsOf(keyPrefix, operation);
    const read = (reply: unknown): SoftResult => readReply(operation, reply);
    if (words.name !== "evalsha") return send(words).then(read);
    return send(words).then(read, (error: unknown) => sendText(error, words, send).then(read));
  };
  return (operations) => {
    // A single call that meets no other would only be late by it.
    if (inHand > 0 || operations.length > 1) writeTogether();
    const [only] = operations;
    return only && operations.length === 1 ? ask(only).then(inList) : allSettled(operations.map(ask));
  };
}

function inList(result: SoftResult): readonly SoftResult[] {
  return [result];
}

/** A server that began anew knows no script: of one call only what failed so is sent again, with the text. */
async function sendText(
  error: unknown,
  words: Words,
  send: (words: Words) => Promise<unknown>,
): Promise<unknown> {
  if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
  return await send({ name: "eval", args: [admitScript, ...words.args.slice(1)] });
}

/** Rejects only when nothing is under way any more: until then the guard counts the call as in hand. */
async function allSettled(results: readonly Promise<SoftResult>[]): Promise<readonly SoftResult[]> {
  await Promise.allSettled(results);
  return await Promise.all(results);
}
