import type { Certificate } from "#test/support/certificate.ts";
import type { CloudFake, CloudFault, World } from "../world.ts";
import type { ApiOptions } from "./api-calls.ts";
import { createFronts } from "./front.ts";
import { startGrpcFace } from "./grpc-face.ts";
import { type MetadataServer, startMetadataServer } from "./metadata-server.ts";
import { createPlatform, type Platform } from "./platform.ts";
import { startRestFace } from "./rest-face.ts";

export type CloudRunOptions = {
  readonly world: World;
  readonly project?: string;
  readonly region?: string;
  /** How long a change takes, beside the starting of instances. */
  readonly settleMs?: number;
  /** How long an instance stays that has nothing to do. */
  readonly idleMs?: number;
  /** How long an identity token lives. */
  readonly identityMs?: number;
  /** Anybody may call, without a token. */
  readonly isPublic?: boolean;
  readonly now?: () => number;
  /** For localhost; with it, gRPC is encrypted. */
  readonly certificate?: Certificate;
};

/** Google Cloud Run: its API over gRPC and REST, the metadata server, and the addresses of its services. */
export type FakeCloudRun = CloudFake & {
  /** Of the API over gRPC; `url` is REST's. */
  readonly grpcUrl: string;
  readonly platform: Platform;
  readonly metadata: MetadataServer;
};

export async function createFakeCloudRun(options: CloudRunOptions): Promise<FakeCloudRun> {
  const {
    world,
    project = "team-vision",
    region = "europe-west4",
    now = Date.now,
    isPublic = false,
  } = options;
  const { settleMs = 30, idleMs = 60_000, identityMs = 3_600_000 } = options;
  const problems: string[] = [];
  const complain = (problem: string): void => {
    problems.push(problem);
  };
  const calls: { action: string; request: unknown }[] = [];
  const faults = createFaults();
  let isLost = false;
  const isAway = (): boolean => isLost;
  const metadata = await startMetadataServer({ now, identityMs, complain });
  const heard = (): void => {
    if (calls.every(({ action }) => action !== "run.routes.invoke"))
      calls.push({ action: "run.routes.invoke", request: undefined });
  };
  const fronts = createFronts({ platform: () => platform, vouched: metadata, isPublic, isAway, heard });
  await fronts.reserve(12);
  const parent = `projects/${project}/locations/${region}`;
  const { addressOf } = fronts;
  const platform = createPlatform({ world, parent, settleMs, idleMs, now, addressOf, complain });
  const { isAccess } = metadata;
  const api: ApiOptions = { platform, isAccess, complain, calls, faultOf: faults.next, isAway };
  const [rest, grpc] = await Promise.all([startRestFace(api), startGrpcFace(api, options.certificate)]);
  const close = async (): Promise<void> => {
    await Promise.all([rest.close(), grpc.close(), fronts.close(), metadata.close(), platform.close()]);
  };
  return {
    url: rest.url,
    grpcUrl: grpc.url,
    env: { GCE_METADATA_HOST: metadata.host, METADATA_SERVER_DETECTION: "assume-present" },
    platform,
    metadata,
    calls: () => calls,
    problems: () => problems,
    fail: faults.add,
    lose: () => {
      isLost = true;
    },
    restore: () => {
      isLost = false;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createFaults(): {
  readonly add: (fault: CloudFault) => void;
  readonly next: (action: string) => CloudFault["kind"] | undefined;
} {
  const due: { readonly fault: CloudFault; left: number }[] = [];
  return {
    add: (fault) => {
      due.push({ fault, left: fault.times });
    },
    next: (action) => {
      const one = due.find(({ fault, left }) => fault.action === action && left > 0);
      if (!one) return undefined;
      one.left -= 1;
      return one.fault.kind;
    },
  };
}
