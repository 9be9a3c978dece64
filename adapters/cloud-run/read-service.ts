import { TradewindError } from "#infra/runtime/errors.ts";
import type { Service, Template } from "./run-api.ts";
import { isSafeAddress } from "./safe-address.ts";

/** A part of the traffic, of one revision; a tag gives it an address of its own. */
export type Share = { readonly revision: string; readonly percent: number; readonly tag?: string };

export type SharedAddress = Share & { readonly url: string | undefined };

/** A service as it is there, each word of it that is used checked. */
export type ServiceView = {
  readonly etag: string;
  readonly url: string | undefined;
  /** As it is wanted, the newest revision by its name. */
  readonly wanted: readonly Share[];
  /** As it is. */
  readonly actual: readonly SharedAddress[];
  readonly template: Template;
  readonly latestReady: string | undefined;
  readonly latestCreated: string | undefined;
  readonly isReconciling: boolean;
  readonly least: number;
  /** Zero where the service says nothing and the revisions alone decide. */
  readonly most: number;
  /** So many that somebody else keeps to. */
  readonly manual: number | undefined;
};

export function readService(service: Service): ServiceView {
  const { scaling, template } = service;
  const latestReady = shortName(service.latestReadyRevision);
  const etag = textOf(service.etag);
  if (etag === undefined || !template) throw invalid("a service without an etag or a template");
  return {
    etag,
    url: addressOf(service.uri),
    wanted: wantedShares(service, latestReady),
    actual: listOf(service.trafficStatuses).flatMap((status) => {
      const share = readShare(status, latestReady);
      return share ? [{ ...share, url: addressOf(status.uri) }] : [];
    }),
    template,
    latestReady,
    latestCreated: shortName(service.latestCreatedRevision),
    isReconciling: service.reconciling === true,
    least: countOf(scaling?.minInstanceCount),
    most: countOf(scaling?.maxInstanceCount),
    manual: scaling?.scalingMode === "MANUAL" ? countOf(scaling.manualInstanceCount) : undefined,
  };
}

/** The last part of a full name; undefined where there is none. */
export function shortName(name: unknown): string | undefined {
  const short = textOf(name)?.split("/").at(-1);
  if (short === undefined) return undefined;
  if (!isRevisionName(short)) throw invalid("a name that no revision can have");
  return short;
}

export function isRevisionName(name: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(name);
}

/** More than this has no service, only somebody who wants us to choke. */
const mostEntries = 200;

export function listOf<One>(list: readonly One[] | null | undefined): readonly One[] {
  if (list === null || list === undefined) return [];
  if (!Array.isArray(list) || list.length > mostEntries) throw invalid(`a list of more than ${mostEntries}`);
  return list;
}

export function textOf(text: unknown): string | undefined {
  if (text === null || text === undefined || text === "") return undefined;
  if (typeof text !== "string" || text.length > 8_192) throw invalid("a text of many thousand letters");
  return text;
}

function wantedShares(service: Service, latestReady: string | undefined): readonly Share[] {
  const wanted = listOf(service.traffic).flatMap((target) => readShare(target, latestReady) ?? []);
  // Nothing said means that the newest one has it all.
  if (wanted.length > 0 || latestReady === undefined) return wanted;
  return [{ revision: latestReady, percent: 100 }];
}

type ForeignShare = {
  readonly revision?: string | null;
  readonly percent?: number | null;
  readonly tag?: string | null;
};

function readShare(
  { revision, percent, tag }: ForeignShare,
  latestReady: string | undefined,
): Share | undefined {
  const named = shortName(revision) ?? latestReady;
  if (named === undefined) return undefined;
  const amount = countOf(percent);
  if (amount > 100) throw invalid("more than all of the traffic");
  const label = textOf(tag);
  return { revision: named, percent: amount, ...(label !== undefined && { tag: label }) };
}

function countOf(count: unknown): number {
  if (count === null || count === undefined) return 0;
  const number = Number(count);
  if (!Number.isInteger(number) || number < 0 || number > 1_000_000) throw invalid("a count that is none");
  return number;
}

function addressOf(uri: unknown): string | undefined {
  const url = textOf(uri);
  if (url === undefined) return undefined;
  if (!isSafeAddress(url)) throw invalid("an address to which nothing may be sent in the clear");
  return url.replace(/\/+$/, "");
}

function invalid(what: string): TradewindError {
  return new TradewindError("provider_answer_invalid", `Cloud Run answered with ${what}`);
}
