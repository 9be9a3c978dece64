/** What may stand behind a model's name in the path, and which of a model's tasks it asks for. */
export const taskPaths = ["detect", "segment", "pose", "obb", "classify"] as const;

export type TaskPath = (typeof taskPaths)[number];

export type ImagePath = { readonly model: string; readonly task: TaskPath };

export type Query = Readonly<Record<string, string[]>>;

/** Whether a request as Node has it plainly is one with images. */
export function readImagePath(method: string | undefined, url: string | undefined): ImagePath | undefined {
  const found = method === "POST" ? imagePath.exec(url ?? "") : null;
  if (!found) return undefined;
  const [, model = "", task = ""] = found;
  return { model, task: task as TaskPath };
}

/** Names with escapes in them are left to the router. */
const imagePath = new RegExp(`^/v1/models/([\\w.@-]+)/(${taskPaths.join("|")})(?:\\?|$)`);

/** As the router reads it: each name with all of its values. */
export function readQuery(url: string): Query {
  const at = url.indexOf("?");
  if (at < 0) return noQuery;
  // Without a prototype, since a parameter may be called __proto__.
  const query: Record<string, string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(url.slice(at + 1))) {
    const values = query[name];
    if (values) values.push(value);
    else query[name] = [value];
  }
  return query;
}

const noQuery: Query = Object.freeze({});

/** `name`, or `name@version`. */
export function splitModel(model: string): { readonly name: string; readonly version: string | undefined } {
  const at = model.indexOf("@");
  return at < 0
    ? { name: model, version: undefined }
    : { name: model.slice(0, at), version: model.slice(at + 1) };
}

export function isVersion(text: string): boolean {
  return /^[\w.-]{1,64}$/.test(text);
}
