import type { TradewindError } from "#infra/runtime/errors.ts";

/** Which side of a call is read: a caller's inputs or a server's outputs, and how what is wrong with them is said. */
export type Side = {
  readonly noun: "input" | "output";
  readonly message: "request" | "response";
  /** ` for model 'm'`, or nothing where no name is known. */
  readonly ofModel: string;
  /** Decoded bytes of one tensor, and of the JSON part. */
  readonly maxTensorBytes: number;
  readonly refuse: (message: string, cause?: unknown) => TradewindError;
};

/** A stranger's name in a message, so much of it as a person can read. */
export function quote(name: string): string {
  return `'${name.length > 100 ? `${name.slice(0, 100)}...` : name}'`;
}

/** A stranger's value in a message. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
