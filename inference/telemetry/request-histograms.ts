import { Histogram } from "prom-client";
import type { BackendTimings } from "#inference/contract.ts";
import type { Cost } from "#inference/face.ts";
import { latencyBuckets, type Metrics } from "#infra/runtime/metrics.ts";

export type RequestHistograms = {
  readonly succeeded: (cost: Cost, totalMs: number) => void;
  readonly failed: (totalMs: number) => void;
};

export type BindableHistograms = {
  /** The histograms of one model, their labels looked up once and not for each request. */
  readonly bind: (of: { readonly model: string; readonly takesImages: boolean }) => RequestHistograms;
  readonly forget: (model: string) => void;
};

const parts = ["queue", "preprocess", "inference", "postprocess"] as const;
const outcomes = ["ok", "failed"] as const;

/** More images than this in one request would make counting them cost more than it tells. */
const mostImages = 64;

export function openHistograms(metrics: Metrics): BindableHistograms {
  const image = imageSeconds(metrics);
  const request = requestSeconds(metrics);
  const batch = batchSize(metrics);
  return {
    bind: ({ model, takesImages }) => {
      const ok = request.labels({ model, outcome: "ok" });
      const failed = request.labels({ model, outcome: "failed" });
      const size = batch.labels({ model });
      const observeImages = takesImages ? bindImages(image, model) : () => {};
      return {
        succeeded: (cost, totalMs) => {
          ok.observe(totalMs / 1000);
          size.observe(cost.batch);
          observeImages(cost);
        },
        failed: (totalMs) => failed.observe(totalMs / 1000),
      };
    },
    forget: (model) => {
      batch.remove({ model });
      for (const outcome of outcomes) request.remove({ model, outcome });
      for (const part of parts) image.remove({ model, part });
    },
  };
}

function bindImages(image: Histogram<"model" | "part">, model: string): (cost: Cost) => void {
  const queue = image.labels({ model, part: "queue" });
  const preprocess = image.labels({ model, part: "preprocess" });
  const inference = image.labels({ model, part: "inference" });
  const postprocess = image.labels({ model, part: "postprocess" });
  const observe = (timings: BackendTimings): void => {
    queue.observe(timings.queue / 1000);
    preprocess.observe(timings.preprocess / 1000);
    inference.observe(timings.inference / 1000);
    postprocess.observe(timings.postprocess / 1000);
  };
  return (cost) => {
    const count = Math.min(cost.items, mostImages);
    const whole = cost.images ? undefined : timingsOf(cost);
    for (let place = 0; place < count; place += 1) {
      const timings = whole ?? cost.images?.[place]?.timings;
      if (timings) observe(timings);
    }
  };
}

/** Images of one request run side by side: where only the request's cost is known, each is taken to have had all of it. */
function timingsOf({ queueMs, inputMs, inferMs, outputMs }: Cost): BackendTimings {
  return { queue: queueMs, preprocess: inputMs, inference: inferMs, postprocess: outputMs };
}

function imageSeconds(metrics: Metrics): Histogram<"model" | "part"> {
  return new Histogram({
    name: "tradewind_backend_image_seconds",
    help: "Time that an image spent in each part of the backend",
    labelNames: ["model", "part"],
    buckets: latencyBuckets,
    registers: [metrics],
  });
}

function requestSeconds(metrics: Metrics): Histogram<"model" | "outcome"> {
  return new Histogram({
    name: "tradewind_backend_request_seconds",
    help: "Time from an infer request's headers to its answer",
    labelNames: ["model", "outcome"],
    buckets: latencyBuckets,
    registers: [metrics],
  });
}

function batchSize(metrics: Metrics): Histogram<"model"> {
  return new Histogram({
    name: "tradewind_backend_batch_size",
    help: "Items computed together in the run that a request was part of",
    labelNames: ["model"],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128],
    registers: [metrics],
  });
}
