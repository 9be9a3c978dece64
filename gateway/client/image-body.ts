/** An image as a program has it: its bytes, a file, another server's answer, or where it lies. */
export type Image =
  | Blob
  | Uint8Array
  | ArrayBuffer
  | Response
  | {
      /** For the gateway to fetch, which its route must allow. */
      readonly url: string;
    };

/** A body that can be sent more than once. */
export type ImageBody = { readonly body: Blob | FormData | string; readonly type: string | undefined };

/** One image goes as it is; several go as a form, or as JSON where one of them is only an address. */
export async function imageBodyOf(image: Image | readonly Image[]): Promise<ImageBody> {
  const several = Array.isArray(image);
  const given: readonly Image[] = several ? image : [image as Image];
  const read = await Promise.all(given.map(readImage));
  if (read.some((one) => !(one instanceof Blob))) return await asJson(read, several);
  const [first] = read;
  if (!several && first instanceof Blob) return { body: first, type: "application/octet-stream" };
  const form = new FormData();
  for (const one of read) if (one instanceof Blob) form.append("images", one, "image");
  // Its type has a boundary in it, which only fetch knows.
  return { body: form, type: undefined };
}

type ReadImage = Blob | { readonly url: string };

async function readImage(image: Image): Promise<ReadImage> {
  if (image instanceof Blob) return image;
  if (image instanceof Response) {
    if (!image.ok) throw new Error(`the answer with the image has status ${image.status}`);
    return await image.blob();
  }
  if (image instanceof ArrayBuffer) return new Blob([image]);
  if (image instanceof Uint8Array) return new Blob([image as Uint8Array<ArrayBuffer>]);
  return { url: image.url };
}

async function asJson(read: readonly ReadImage[], several: boolean): Promise<ImageBody> {
  const written = await Promise.all(
    read.map(async (one) => (one instanceof Blob ? { base64: await base64Of(one) } : one)),
  );
  const body = JSON.stringify(several ? { images: written } : { image: written[0] });
  return { body, type: "application/json" };
}

/** By pieces, since a function takes only so many arguments. */
async function base64Of(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8_192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(text);
}
