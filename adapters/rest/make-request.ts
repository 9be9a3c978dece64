import type { DetectOptions } from "#inference/contract.ts";
import type { RestSettings } from "./settings.ts";

export type MadeRequest = {
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | readonly Uint8Array[];
};

export type ImageToSend = {
  readonly model: string;
  readonly image: Uint8Array;
  /** By its first bytes. */
  readonly type: string;
  readonly options: DetectOptions;
};

/** Puts requests together as one server wants them; `boundary` is what no image can hold, since nobody could guess it. */
export function requestMaker(
  { path, query, body, fields = {} }: Pick<RestSettings, "path" | "query" | "body" | "fields">,
  boundary: string,
): (sent: ImageToSend) => MadeRequest {
  const pathOf = pathMaker(path, query);
  if (body === "raw") {
    return (sent) => ({ path: pathOf(sent), headers: typed(`image/${sent.type}`), body: sent.image });
  }
  if ("multipart" in body) {
    const beforeFile = Object.entries(fields).map(([name, value]) => partOf(boundary, name, `${value}`));
    const form = typed(`multipart/form-data; boundary=${boundary}`);
    const after = Buffer.from(`\r\n--${boundary}--\r\n`);
    return (sent) => {
      const head = Buffer.from(beforeFile.join("") + fileHead(boundary, body.multipart, sent.type));
      const length = head.byteLength + sent.image.byteLength + after.byteLength;
      const headers = [...form, "content-length", `${length}`];
      return { path: pathOf(sent), headers, body: [head, sent.image, after] };
    };
  }
  const json = typed("application/json");
  return (sent) => {
    const data = { ...fields, [body.base64]: textOf(sent, body.dataUrl) };
    return { path: pathOf(sent), headers: json, body: Buffer.from(JSON.stringify(data)) };
  };
}

function typed(type: string): readonly string[] {
  return ["content-type", type];
}

function pathMaker(
  path: string,
  query: RestSettings["query"],
): (sent: Pick<ImageToSend, "model" | "options">) => string {
  const asked = (["conf", "iou", "maxDetections"] as const).flatMap((option) => {
    const name = query[option];
    return name === undefined ? [] : [{ option, name: encodeURIComponent(name) }];
  });
  const glue = path.includes("?") ? "&" : "?";
  return ({ model, options }) => {
    const to = path.replaceAll("{model}", () => encodeURIComponent(model));
    const said = asked.map(({ option, name }) => `${name}=${options[option]}`).join("&");
    return said === "" ? to : `${to}${glue}${said}`;
  };
}

/** Names are letters, digits and a few signs, so that nothing in them needs quoting. */
function partOf(boundary: string, name: string, value: string): string {
  return `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
}

function fileHead(boundary: string, name: string, type: string): string {
  const file = `content-disposition: form-data; name="${name}"; filename="image.${type}"`;
  return `--${boundary}\r\n${file}\r\ncontent-type: image/${type}\r\n\r\n`;
}

function textOf({ image, type }: ImageToSend, dataUrl: boolean): string {
  const base64 = Buffer.from(image.buffer, image.byteOffset, image.byteLength).toString("base64");
  return dataUrl ? `data:image/${type};base64,${base64}` : base64;
}
