import { z } from "zod";
import type { Chance } from "#infra/runtime/chance.ts";
import { deviceKeyOf } from "#infra/runtime/devices/proof.ts";
import {
  type EnrolAnswer,
  type EnrolAsk,
  enrolAnswer,
  type Plan,
  type Report,
} from "#infra/runtime/devices/words.ts";
import { type ErrorCode, isErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import { captive, captivity } from "../fetch/captive.ts";
import { checkPlan, type PlanAsk } from "../trust/check-plan.ts";
import type { DeviceKeys } from "./device-keys.ts";
import type { Exchange, ExchangeAnswer } from "./exchange.ts";
import type { ProvenCall, Prover } from "./prove-calls.ts";

type Patience = { readonly signal: AbortSignal };

/** What this device and its gateway say to each other, beside the signed repository. */
export type GatewayClient = {
  readonly enrol: (ask: Omit<EnrolAsk, "key">, options: Patience) => Promise<EnrolAnswer>;
  readonly plan: (ask: Omit<PlanAsk, "nonce">, options: Patience) => Promise<Plan>;
  readonly report: (report: Report, options: Patience) => Promise<void>;
  /** Asks for the successor of the key to be taken beside it; asked twice it is the same. */
  readonly rotate: (options: Patience) => Promise<void>;
  /** By the gateway's clock, milliseconds since 1970; nothing is proved of it but what TLS proves. */
  readonly time: (options: Patience) => Promise<number>;
};

export type GatewayClientOptions = {
  /** For messages. */
  readonly gateway: string;
  readonly exchange: Exchange;
  readonly prover: Prover;
  readonly keys: DeviceKeys;
  readonly chance: Pick<Chance, "bytes">;
};

export function createGatewayClient(options: GatewayClientOptions): GatewayClient {
  const { gateway, exchange, prover, keys, chance } = options;
  const ask = async (call: Call, { signal }: Patience): Promise<ExchangeAnswer> => {
    const { method, path, body, proved = true, ...how } = call;
    const bytes = body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) };
    const headers: Readonly<Record<string, string>> =
      body === undefined ? {} : { "content-type": "application/json" };
    const send = (proofs: Readonly<Record<string, string>>): Promise<ExchangeAnswer> =>
      exchange({ method, path, ...bytes, headers: { ...headers, ...proofs }, maxBytes, signal });
    const answer = proved ? await prover.prove({ method, path, ...bytes, ...how }, send) : await send({});
    return goodAnswer(answer, gateway);
  };
  return {
    enrol: async (said, patience) => {
      const key = keys.current() ?? (await keys.make());
      const body: EnrolAsk = { ...said, key: deviceKeyOf(key.key) };
      const call: Call = { method: "POST", path: "/edge/v1/enrol", body, isNameless: true };
      return read(enrolAnswer, await ask(call, patience));
    },
    plan: async (wanted, patience) => {
      const nonce = Buffer.from(chance.bytes(24)).toString("base64url");
      const answer = await ask({ method: "GET", path: `/edge/v1/plan?nonce=${nonce}` }, patience);
      return checkPlan(Buffer.from(answer.body).toString("utf8").trim(), { ...wanted, nonce });
    },
    report: async (report, patience) => {
      await ask({ method: "POST", path: "/edge/v1/report", body: report }, patience);
    },
    rotate: async (patience) => {
      const { key } = keys.successor() ?? (await keys.make());
      const body = { key: deviceKeyOf(key) };
      await ask({ method: "POST", path: "/edge/v1/keys", body, withSuccessor: true }, patience);
    },
    time: async (patience) => {
      const answer = await ask({ method: "GET", path: "/edge/v1/time", proved: false }, patience);
      return read(timeAnswer, answer).now;
    },
  };
}

type Call = Pick<ProvenCall, "withSuccessor" | "isNameless"> & {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  readonly proved?: boolean;
};

/** None of its answers is longer. */
const maxBytes = 131_072;

const timeAnswer = z.object({ now: z.int().min(0).max(8.64e15) });

const problem = z.object({
  code: z.string().refine(isErrorCode).optional().catch(undefined),
  detail: z.string().optional().catch(undefined),
});

/** An answer of the gateway itself that says yes; anything else is an error with the gateway's reason. */
function goodAnswer(answer: ExchangeAnswer, gateway: string): ExchangeAnswer {
  const { status, header } = answer;
  const why = captivity("gateway", answer);
  if (why !== undefined) throw captive(gateway, why);
  if (status >= 200 && status < 300) return answer;
  const { code, detail } = read(problem, answer, {});
  throw new TradewindError(
    known(code, status),
    said(gateway, status, detail),
    retryAfter(header("retry-after")),
  );
}

/** What concerns this device keeps its name; the rest is a gateway that cannot be had now. */
const kept: ReadonlySet<ErrorCode> = new Set([
  "enrolment_refused",
  "proof_refused",
  "proof_stale",
  "device_revoked",
  "route_unknown",
]);

function known(code: ErrorCode | undefined, status: number): ErrorCode {
  if (code !== undefined && kept.has(code)) return code;
  return status === 401 ? "proof_refused" : "repository_unreachable";
}

function said(gateway: string, status: number, detail = ""): string {
  const reason = detail.replace(/[^\P{C}]/gu, " ").slice(0, 300);
  return `${gateway} says ${status}${reason === "" ? "" : `: ${reason}`}`;
}

/** Whoever stands before a gateway may say so too, and is not to keep a device from a revocation for a day. */
const mostRestMs = 900_000;

function retryAfter(text: string | undefined): { retryAfterMs?: number } {
  const seconds = Number(text ?? Number.NaN);
  return seconds >= 0 ? { retryAfterMs: Math.min(seconds * 1_000, mostRestMs) } : {};
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  { body }: ExchangeAnswer,
  otherwise?: z.output<Schema>,
): z.output<Schema> {
  const { data, error } = schema.safeParse(jsonIn(body));
  if (data !== undefined) return data;
  if (otherwise !== undefined) return otherwise;
  throw new TradewindError("repository_unreachable", "the gateway's answer cannot be read", { cause: error });
}

function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}
