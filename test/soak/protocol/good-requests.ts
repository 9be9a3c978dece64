import type { Random } from "../../support/random.ts";
import { pick } from "../wrong-input/compose.ts";
import type { Aim, Draft } from "./draft.ts";
import { type EchoType, echoOf, models } from "./models.ts";

const empty = Buffer.alloc(0);

/** A request without a mistake in it, of one of the kinds that there are. */
export function goodRequest(aim: Aim, random: Random): Draft {
  return pick(makers, random)(aim, random);
}

const makers: readonly ((aim: Aim, random: Random) => Draft)[] = [
  (_, random) => jsonTensor(random),
  (_, random) => binaryTensor(random),
  (_, random) => texts(random),
  () => twoInputs(),
  (_, random) => batch(random),
  (aim, random) => binaryImages(aim, random),
  (aim) => base64Image(aim),
];

export function infer(model: string, json: unknown, tail: Buffer = empty): Draft {
  return { method: "POST", path: `/v2/models/${model}/infer`, headers: [], json, tail };
}

const values: readonly (readonly [EchoType, unknown, number])[] = [
  ["FP32", [0.5, -1], 4],
  ["FP64", [1e300, 2], 8],
  ["INT64", [7, -7], 8],
  ["UINT8", [0, 255], 1],
  ["BOOL", [true, false], 1],
];

export function jsonTensor(random: Random): Draft {
  const [datatype, data] = pick(values, random);
  const input = { name: "INPUT0", datatype, shape: [2], data };
  return infer(echoOf(datatype), { id: "a", inputs: [input], outputs: [{ name: "OUTPUT0" }] });
}

export function binaryTensor(random: Random): Draft {
  const [datatype, , bytes] = pick(values, random);
  const count = random.integer(0, 40);
  const parameters = { binary_data_size: count * bytes };
  const inputs = [{ name: "INPUT0", datatype, shape: [count], parameters }];
  const json = { inputs, parameters: { binary_data_output: random.chance(0.5) } };
  return infer(echoOf(datatype), json, Buffer.alloc(count * bytes, datatype === "BOOL" ? 1 : 0x41));
}

/** Elements of BYTES behind the JSON part, each with its length before it. */
export function texts(random: Random): Draft {
  const elements = Array.from({ length: random.integer(1, 5) }, (_, index) => Buffer.from(`text ${index}`));
  const tail = lengthPrefixed(elements);
  const parameters = { binary_data_size: tail.length };
  const inputs = [{ name: "INPUT0", datatype: "BYTES", shape: [elements.length], parameters }];
  return infer(echoOf("BYTES"), { inputs }, tail);
}

export function twoInputs(): Draft {
  const data = Array.from({ length: 16 }, (_, index) => index);
  const input = (name: string) => ({ name, datatype: "INT32", shape: [1, 16], data });
  const outputs = [{ name: "OUTPUT0", parameters: { binary_data: false } }, { name: "OUTPUT1" }];
  return infer(models.sum, { inputs: [input("INPUT0"), input("INPUT1")], outputs });
}

function batch(random: Random): Draft {
  const rows = random.integer(1, 8);
  const inputs = [
    { name: "INPUT0", datatype: "FP32", shape: [rows, 3], data: Array.from({ length: rows * 3 }, () => 0.5) },
  ];
  const outputs = [{ name: "OUTPUT0", parameters: { classification: 2 } }];
  const parameters = { priority: random.integer(0, 3), timeout: 5_000_000 };
  const model = pick([models.batch, models.crowd], random);
  return infer(model, { inputs, parameters, ...(model === models.crowd ? {} : { outputs }) });
}

export function binaryImages({ images }: Aim, random: Random): Draft {
  const count = random.chance(0.8) ? 1 : 3;
  return imageRequest(Array.from({ length: count }, () => pick(Object.values(images), random)));
}

/** Encoded images as the gateway sends them. */
export function imageRequest(images: readonly Buffer[], parameters: object = {}): Draft {
  const tail = lengthPrefixed(images);
  const size = { binary_data_size: tail.length };
  const inputs = [{ name: "image", datatype: "BYTES", shape: [images.length], parameters: size }];
  return infer(models.colours, { inputs, parameters: { conf: 0.2, ...parameters } }, tail);
}

function base64Image({ images }: Aim): Draft {
  const parameters = { content_type: "base64" };
  const data = [images.jpeg.toString("base64")];
  return infer(models.colours, {
    inputs: [{ name: "image", datatype: "BYTES", shape: [1], parameters, data }],
  });
}

export function lengthPrefixed(elements: readonly Buffer[]): Buffer {
  return Buffer.concat(
    elements.flatMap((element) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(element.length);
      return [length, element];
    }),
  );
}
