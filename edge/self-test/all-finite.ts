import type { Tensor } from "#inference/contract.ts";
import { decodeImage } from "#inference/image/decode.ts";
import { type PixelType, toTensor } from "#inference/image/tensor.ts";
import type { OpenModel } from "#inference/open-model.ts";

/**
 * Whether everything that comes out of the graph for these images is a number. The heads pass over what is none, so that
 * a broken model looks like one that finds nothing.
 */
export async function allFinite(
  model: OpenModel,
  images: readonly Uint8Array[],
  { signal }: { readonly signal: AbortSignal },
): Promise<boolean> {
  const { tensor: face } = model.faces;
  const [input] = face.inputs;
  const size = model.info?.input;
  if (!input || !size || !isPixelType(input.datatype)) return true;
  for (const image of images) {
    const { pixels, letterbox } = await decodeImage(image, { input: size, signal });
    const inputs = { [input.name]: toTensor(pixels, letterbox, input.datatype) };
    const asked = { inputs, inputParameters: {}, parameters: {}, outputs: undefined };
    const { outputs } = await face.infer({ ...asked, priority: 0, timeoutMs: undefined, signal });
    if (!Object.values(outputs).every(isFiniteTensor)) return false;
  }
  return true;
}

function isPixelType(datatype: string): datatype is PixelType {
  return datatype === "FP32" || datatype === "FP16" || datatype === "UINT8";
}

function isFiniteTensor({ datatype, data }: Tensor): boolean {
  if (datatype === "FP32" || datatype === "FP64") return data.every(Number.isFinite);
  if (datatype === "FP16") return data.every((bits) => (bits & 0x7c00) !== 0x7c00);
  return true;
}
