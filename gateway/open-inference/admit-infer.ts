import type { Context } from "hono";
import type { Admission } from "../admission/admission.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import type { Usage } from "../usage/usage.ts";
import type { AdmitAsk, AdmittedInfer } from "./deps.ts";

export type AdmitInferDeps = {
  readonly admission: Pick<Admission, "admit">;
  readonly usage: Pick<Usage, "count">;
};

type Used = { readonly images: number; readonly failed: number; readonly nanoUsd: number };

/** Counts requests of the protocol as those of our own API are counted, one image each or as many as they carry. */
export function admitInfer({ admission, usage }: AdmitInferDeps) {
  return async (c: Context<GatewayEnv>, { route, images }: AdmitAsk): Promise<AdmittedInfer> => {
    const caller = c.get("caller");
    const { model, nanoUsdEach, rules } = route;
    const admitted = await admission.admit({
      caller,
      model,
      whenAway: rules.whenRedisIsAway,
      images,
      uncached: images,
      nanoUsdEach,
      lookups: [],
    });
    const unpaid: Used = { images: 0, failed: images, nanoUsd: 0 };
    let used = unpaid;
    const end = (): void => {
      admitted.end(used);
      const { tenant, id: keyId } = caller;
      usage.count({ tenant: tenant.id, keyId, model, ...used, cached: 0 });
    };
    return {
      headers: admitted.headers,
      sent: () => {
        used = { ...unpaid, nanoUsd: images * nanoUsdEach };
      },
      failed: () => {
        used = unpaid;
      },
      answered: (nanoUsd) => {
        used = { images, failed: 0, nanoUsd: Math.min(nanoUsd, images * nanoUsdEach) };
      },
      [Symbol.dispose]: end,
    };
  };
}
