import type { ImageAnswer } from "#inference/contract.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { LocalImages } from "./local-ask.ts";
import type { Looked, Question } from "./question.ts";

type Deps = Pick<LocalImages, "telemetry" | "clock">;

/** Every image side by side; throws what fails the request as a whole. */
export async function lookAtImages(question: Question, deps: Deps): Promise<readonly Looked[]> {
  const { images } = question;
  const looked = await Promise.all(
    images.map((image) => (image instanceof TradewindError ? image : lookAt(image, question, deps))),
  );
  const failed = failureOf(looked, question);
  if (failed) throw failed;
  return looked;
}

async function lookAt(image: Uint8Array, question: Question, { telemetry, clock }: Deps): Promise<Looked> {
  const { leased, options, signal } = question;
  const { name: model, version } = leased.info;
  const startedAt = clock.elapsed();
  try {
    const answer = await leased.detect(image, { options: options.detect, signal });
    telemetry.succeeded({ model, version, cost: costOf(answer), totalMs: clock.elapsed() - startedAt });
    return answer;
  } catch (thrown) {
    const error = asTradewindError(thrown);
    telemetry.failed({ model, version, code: error.code, totalMs: clock.elapsed() - startedAt });
    return error;
  }
}

function costOf(answer: ImageAnswer) {
  const { queue, preprocess, inference, postprocess } = answer.timings;
  const times = { queueMs: queue, inputMs: preprocess, inferMs: inference, outputMs: postprocess };
  return { items: 1, ...times, batch: answer.batch ?? 1, images: [answer] };
}

/** The only image that fails fails its request, and so does any that is late where late is nothing. */
function failureOf(looked: readonly Looked[], { images, options }: Question): TradewindError | undefined {
  const failures = looked.filter((one) => one instanceof TradewindError);
  // Nobody is there to read a list.
  const left = failures.find(({ code }) => code === "caller_left");
  if (left) return left;
  const [only] = looked;
  if (looked.length === 1 && only instanceof TradewindError && only !== images[0]) return only;
  return options.strict ? failures.find(({ code }) => code === "deadline_exceeded") : undefined;
}
