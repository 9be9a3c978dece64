import type { protos, v2 } from "@google-cloud/run";
import type { ChannelCredentials } from "@grpc/grpc-js";
import type { GoogleAuth } from "google-auth-library";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Settings } from "./settings.ts";

export type Clients = {
  readonly services: v2.ServicesClient;
  readonly revisions: v2.RevisionsClient;
  readonly operationRequest: (name: string) => protos.google.longrunning.GetOperationRequest;
  /** Where nothing is encrypted the SDK sends no token by itself. */
  readonly token: (() => Promise<string>) | undefined;
};

export type ApiPlace = Pick<Settings, "project" | "transport" | "api">;

/** Clients that are opened when they are needed; what could not be opened is tried again the next time. */
export function keepClients(place: ApiPlace): {
  readonly get: () => Promise<Clients>;
  readonly close: () => Promise<void>;
} {
  let opening: Promise<Clients> | undefined;
  let isClosed = false;
  return {
    get: () => {
      if (isClosed) return Promise.reject(new TradewindError("provider_unavailable", "it is closed already"));
      opening ??= openClients(place).catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return opening;
    },
    close: async () => {
      isClosed = true;
      const open = await opening?.catch(() => undefined);
      opening = undefined;
      if (open) await Promise.allSettled([open.services.close(), open.revisions.close()]);
    },
  };
}

async function openClients({ transport, api, project: projectId }: ApiPlace): Promise<Clients> {
  const [{ v2, protos }, { GoogleAuth }] = await Promise.all([
    import("@google-cloud/run"),
    import("google-auth-library"),
  ]);
  // Unless it is told the project, it starts another program to find one.
  const auth = new GoogleAuth({ projectId, scopes: "https://www.googleapis.com/auth/cloud-platform" });
  // The clients ask for both too, where nobody could catch their failure.
  await auth.getClient();
  await auth.getUniverseDomain();
  const isBare = transport === "grpc" && api !== undefined && new URL(api).protocol === "http:";
  const options = {
    auth,
    fallback: transport === "rest",
    ...(api !== undefined && addressOf(api)),
    ...(isBare && { sslCreds: await bareCredentials() }),
    "grpc.max_receive_message_length": mostAnswerBytes,
  };
  const [services, revisions] = [new v2.ServicesClient(options), new v2.RevisionsClient(options)];
  await Promise.all([services.initialize(), revisions.initialize()]);
  return {
    services,
    revisions,
    operationRequest: (name) => protos.google.longrunning.GetOperationRequest.create({ name }),
    token: isBare ? () => bearerOf(auth) : undefined,
  };
}

/** A service with its revisions' names takes a hundredth of that. */
const mostAnswerBytes = 4_194_304;

function addressOf(api: string): { apiEndpoint: string; port: number; protocol: string } {
  const { hostname, port, protocol } = new URL(api);
  const usual = protocol === "https:" ? 443 : 80;
  return { apiEndpoint: hostname, port: port === "" ? usual : Number(port), protocol: protocol.slice(0, -1) };
}

/** For an address on this machine, which has no certificate. */
async function bareCredentials(): Promise<ChannelCredentials> {
  const { credentials } = await import("@grpc/grpc-js");
  return credentials.createInsecure();
}

async function bearerOf(auth: GoogleAuth): Promise<string> {
  const headers = await auth.getRequestHeaders();
  return headers.get("authorization") ?? "";
}
