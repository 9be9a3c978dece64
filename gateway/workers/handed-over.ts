import type { ChildProcess } from "node:child_process";

/**
 * Connections on their way from the primary to its workers. Node leaves two kinds of them open for ever, and their
 * clients waiting: what was handed to a worker that died before it took it, and what came back from one that stops when
 * all of them do. Both are hung up here, as a process that ends by itself does.
 */
export type HandedOver = {
  /** Watches a worker's channel; answers what to do when it is gone. */
  readonly watch: (child: ChildProcess, isStopping: () => boolean) => () => void;
};

export function createHandedOver(): HandedOver {
  /** By connection, the number under which it was handed over last. */
  const latest = new WeakMap<Closable, number>();
  return {
    watch: (child, isStopping) => {
      const untaken = new Map<number, Closable>();
      child.send = new Proxy(child.send, {
        apply: (send, self, sent) => {
          const [message, handle] = sent;
          if (isHandover(message) && isClosable(handle)) {
            untaken.set(message.seq, handle);
            latest.set(handle, message.seq);
          }
          return Reflect.apply(send, self, sent);
        },
      });
      child.on("internalMessage", (message: unknown) => {
        if (!isReply(message)) return;
        const handle = untaken.get(message.ack);
        untaken.delete(message.ack);
        const isLeft = handle !== undefined && !message.accepted && latest.get(handle) === message.ack;
        if (isLeft && isStopping()) handle.close();
      });
      return () => {
        for (const handle of untaken.values()) handle.close();
        untaken.clear();
      };
    },
  };
}

type Closable = { readonly close: () => void };

type Handover = { readonly act: "newconn"; readonly seq: number };

type Reply = { readonly ack: number; readonly accepted: boolean };

function isHandover(message: unknown): message is Handover {
  const { act, seq } = (message ?? {}) as Partial<Handover>;
  return act === "newconn" && typeof seq === "number";
}

function isReply(message: unknown): message is Reply {
  const { ack, accepted } = (message ?? {}) as Partial<Reply>;
  return typeof ack === "number" && typeof accepted === "boolean";
}

function isClosable(handle: unknown): handle is Closable {
  return typeof (handle as Partial<Closable> | undefined)?.close === "function";
}
