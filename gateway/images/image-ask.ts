import type { TaskPath } from "#inference/image-api/image-request.ts";
import type { OnLeave } from "#infra/runtime/deadline.ts";
import type { ReadBodyOptions } from "#infra/runtime/read-body.ts";
import type { TraceContext } from "#infra/runtime/trace-context.ts";
import type { Caller } from "../caller.ts";

/** One request with images, whichever door it came through. */
export type ImageAsk = {
  readonly requestId: string;
  /** By the clock's `elapsed`. */
  readonly startedAt: number;
  readonly trace: TraceContext;
  readonly caller: Caller;
  /** `name`, or `name@version`. */
  readonly model: string;
  readonly task: TaskPath;
  readonly query: Readonly<Record<string, string[]>>;
  /** By its lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly readBody: (options: ReadBodyOptions) => Promise<Buffer>;
  readonly onLeave: OnLeave;
  /** Tells what the event at the request's end is to name. */
  readonly note: (facts: { readonly model?: string; readonly backend?: string }) => void;
};

export type ImageReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};
