import type { Content, Placed } from "./document.ts";

/** How to ask for it from a shell, with the address and the key in variables. */
export function curlOf({ method, path, operation }: Placed): string {
  const { parameters = [], security = [], requestBody } = operation;
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const example = parameters.find((parameter) => parameter.name === name)?.example;
    return example === undefined ? name.toUpperCase() : String(example);
  });
  const body = requestBody ? bodyOf(requestBody.content) : [];
  const usual = body.length > 0 ? "POST" : "GET";
  return [
    "curl",
    ...(method === usual ? [] : [`--request ${method}`]),
    ...(security.length > 0 ? [`--header "authorization: Bearer $TRADEWIND_KEY"`] : []),
    ...body,
    `"$TRADEWIND_URL${filled}"`,
  ].join(" \\\n  ");
}

function bodyOf(content: Content): string[] {
  if (content["image/jpeg"]) return ["--header 'content-type: image/jpeg'", "--data-binary @photo.jpg"];
  const example = content["application/json"]?.example;
  return example === undefined ? [] : [`--json '${JSON.stringify(example).replaceAll("'", `'\\''`)}'`];
}
