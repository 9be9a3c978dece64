import { type Message, packed } from "./contract.ts";

/** A "no" of the API, with the details that the real one gives. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** As gRPC numbers them. */
  readonly code: number;
  readonly info: ErrorInfo | undefined;

  constructor(code: number, message: string, info?: ErrorInfo) {
    super(message);
    this.code = code;
    this.info = info;
  }
}

export type ErrorInfo = {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
};

export const gpuQuota = "NvidiaL4GpuAllocNoZonalRedundancyPerProjectRegion";

export function throttled(): Refusal {
  return new Refusal(
    8,
    "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per region' of service 'run.googleapis.com'.",
    {
      reason: "RATE_LIMIT_EXCEEDED",
      domain: "googleapis.com",
      metadata: {
        quota_metric: "run.googleapis.com/write_requests",
        quota_limit: "WriteRequestsPerMinutePerProject",
      },
    },
  );
}

export function forbidden(permission: string, resource: string): Refusal {
  const message = `Permission '${permission}' denied on resource '${resource}' (or resource may not exist).`;
  const metadata = { permission, resource };
  return new Refusal(7, message, { reason: "IAM_PERMISSION_DENIED", domain: "iam.googleapis.com", metadata });
}

export function overQuota(): Refusal {
  return new Refusal(8, `Quota violated: ${gpuQuota} requested: 2 allowed: 1`);
}

export function withoutRoom(): Refusal {
  return new Refusal(8, "There is currently no capacity for nvidia-l4 in this region.");
}

export function conflicted(resource: string): Refusal {
  return new Refusal(
    10,
    `Conflict for resource '${resource}': version '1' was specified but current version is '2'.`,
  );
}

export function unavailable(): Refusal {
  return new Refusal(14, "The service is currently unavailable.");
}

const infoUrl = "type.googleapis.com/google.rpc.ErrorInfo";

/** As the trailer of a gRPC answer carries it. */
export function statusBytes({ code, message, info }: Refusal): Buffer {
  const details = info ? [{ type_url: infoUrl, value: packed("google.rpc.ErrorInfo", info as Message) }] : [];
  return packed("google.rpc.Status", { code, message, details });
}

const inHttp: Readonly<Record<number, readonly [status: number, name: string] | undefined>> = {
  3: [400, "INVALID_ARGUMENT"],
  5: [404, "NOT_FOUND"],
  6: [409, "ALREADY_EXISTS"],
  7: [403, "PERMISSION_DENIED"],
  8: [429, "RESOURCE_EXHAUSTED"],
  9: [400, "FAILED_PRECONDITION"],
  10: [409, "ABORTED"],
  12: [501, "UNIMPLEMENTED"],
  14: [503, "UNAVAILABLE"],
  16: [401, "UNAUTHENTICATED"],
};

/** As the REST face answers it. */
export function refusalInHttp({ code, message, info }: Refusal): {
  readonly status: number;
  readonly body: unknown;
} {
  const [http, status] = inHttp[code] ?? [500, "INTERNAL"];
  const details = info ? [{ "@type": infoUrl, ...info }] : [];
  return { status: http, body: { error: { code: http, message, status, details } } };
}
