import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CloudFake, Instance } from "../world.ts";
import { type ArmRoute, type Listener, startArmServer } from "./arm-server.ts";
import { startFront } from "./front.ts";
import { audienceOf, identityDoor } from "./identity-door.ts";
import { readRequestModels } from "./request-models.ts";
import { azureCertificate } from "./trust.ts";

export type AzureOptions = {
  /** Whose models say what may be sent. */
  readonly packageName: string;
  readonly apiVersion: string;
  /** Microsoft Entra stands before the apps and lets in who has a token for it; nobody stands there unless said. */
  readonly audience?: string | undefined;
};

/** What both kinds need: the API, the door for tokens, and addresses of apps. */
export type Azure = {
  readonly say: (problem: string) => void;
  readonly origin: () => string;
  readonly serve: (routes: readonly ArmRoute[]) => Promise<void>;
  /** A front over whoever these are; its host, as Azure would name it. */
  readonly openFront: (choose: () => () => readonly Instance[]) => Promise<string>;
  readonly fake: (also: { readonly close: () => Promise<void> }) => AzureFake;
};

export type AzureFake = CloudFake & {
  /** By everybody in this process. */
  readonly tokensAsked: () => number;
};

export async function startAzure({ packageName, apiVersion, audience }: AzureOptions): Promise<Azure> {
  const certificate = azureCertificate();
  const folder = await mkdtemp(join(tmpdir(), "tradewind-azure-"));
  const caFile = join(folder, "ca.pem");
  await writeFile(caFile, certificate.cert);
  const problems: string[] = [];
  const say = (problem: string): void => {
    problems.push(problem);
  };
  const identity = await identityDoor();
  const before = identity.problems().length;
  const fronts: Listener[] = [];
  let api: Awaited<ReturnType<typeof startArmServer>> | undefined;
  const running = () => {
    if (!api) throw new Error("the API does not stand yet");
    return api;
  };
  const mayEnter = ({ headers }: IncomingMessage): boolean =>
    audience === undefined || audienceOf(headers.authorization) === audience;
  const listeners = (): readonly Listener[] => [running().server, ...fronts];
  return {
    say,
    origin: () => running().url,
    serve: async (routes) => {
      const check = readRequestModels(packageName);
      api = await startArmServer({ certificate, apiVersion, check, routes, say });
    },
    openFront: async (choose) => {
      const front = await startFront({ certificate, choose, mayEnter });
      fronts.push(front);
      return `127.0.0.1:${front.port}`;
    },
    fake: (also) => {
      const close = async (): Promise<void> => {
        await also.close();
        await Promise.all([running().close(), ...fronts.map((front) => front.close())]);
        await rm(folder, { recursive: true, force: true });
      };
      let closed: Promise<void> | undefined;
      const closeOnce = (): Promise<void> => {
        closed ??= close();
        return closed;
      };
      return {
        url: running().url,
        env: { ...identity.env, NODE_EXTRA_CA_CERTS: caFile },
        calls: () => running().calls(),
        problems: () => [...problems, ...identity.problems().slice(before)],
        fail: (fault) => running().fail(fault),
        tokensAsked: () => identity.asked(),
        lose: () => {
          for (const one of listeners()) one.lose();
        },
        restore: () => {
          for (const one of listeners()) one.restore();
        },
        close: closeOnce,
        [Symbol.asyncDispose]: closeOnce,
      };
    },
  };
}
