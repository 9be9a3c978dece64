import { tensorSuffix } from "#inference/faces/tensor-face.ts";
import {
  describeUpstream,
  isDown,
  type PassedOver,
  type Upstream,
  type UpstreamOptions,
} from "#inference/models/upstream.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { UpstreamModel } from "./to-model.ts";

export type LookOptions = Pick<UpstreamOptions, "clock" | "patienceMs"> & {
  readonly url: string;
  /** Undefined: all that the server says are ready. */
  readonly models: readonly string[] | undefined;
};

/** Looks at a server again and again. */
export type LookUpstream = {
  /**
   * The first look is patient, and strict about models that were named. Later ones are neither: the server may be away for
   * a while, and one model of it must not hide what becomes of the others.
   */
  readonly all: (signal: AbortSignal) => Promise<Upstream>;
  readonly one: (name: string, signal: AbortSignal) => Promise<UpstreamModel | undefined>;
};

export function createLook({ url, models: named, ...options }: LookOptions): LookUpstream {
  let isFirst = true;
  const describeNow = (models: readonly string[] | undefined, signal: AbortSignal): Promise<Upstream> =>
    describeUpstream(url, { ...options, models, signal, patienceMs: 0 });
  const find = async (name: string, signal: AbortSignal): Promise<UpstreamModel | undefined> => {
    const { models } = await describeNow([name], signal).catch(noneWhereUnknown);
    return models[0];
  };
  return {
    all: async (signal) => {
      if (isFirst) {
        const first = await describeUpstream(url, { ...options, models: named, signal });
        isFirst = false;
        return first;
      }
      return named
        ? await each(named, (name) => describeNow([name], signal))
        : await describeNow(undefined, signal);
    },
    one: async (name, signal) => {
      if (named) return named.includes(name) ? await find(name, signal) : undefined;
      const owner = name.endsWith(tensorSuffix) ? name.slice(0, -tensorSuffix.length) : "";
      if (owner !== "" && (await find(owner, signal))?.pathName === name) return undefined;
      return await find(name, signal);
    },
  };
}

async function each(
  names: readonly string[],
  describe: (name: string) => Promise<Upstream>,
): Promise<Upstream> {
  const models: UpstreamModel[] = [];
  const passedOver: PassedOver[] = [];
  for (const name of names) {
    try {
      models.push(...(await describe(name)).models);
    } catch (error) {
      if (isDown(error)) throw error;
      passedOver.push({ name, reason: asTradewindError(error).message });
    }
  }
  return { models, passedOver };
}

function noneWhereUnknown(error: unknown): Pick<Upstream, "models"> {
  if (asTradewindError(error).code === "model_unknown") return { models: [] };
  throw error;
}
