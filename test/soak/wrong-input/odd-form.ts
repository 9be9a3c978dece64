import { type FormPart, multipartBody, multipartType } from "../../support/multipart.ts";
import type { Random } from "../../support/random.ts";
import { canary, type Made, pick, plain, type Target } from "./compose.ts";
import { garbled, randomBytes, shuffled, truncated } from "./images.ts";
import { oddName, oddValue } from "./odd-query.ts";

/** Forms whose boundary, headers, nesting, names or number of parts are not what a browser would write. */
export function oddForm(target: Target, random: Random): Made {
  const { type = multipartType(), body } = pick(forms, random)(target, random);
  return plain(target, { headers: { "content-type": type }, body }, { mayPass: true });
}

type Form = { readonly type?: string; readonly body: Buffer };

function image({ images }: Target, name = "image"): FormPart {
  return { name, filename: `${canary}.jpg`, type: "image/jpeg", bytes: images.jpeg };
}

function handmade(target: Target, head: string, bytes: Buffer = target.images.jpeg): Buffer {
  return Buffer.concat([
    Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`, "latin1"),
    bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}

const boundary = "boundary-of-a-test";

const forms: readonly ((target: Target, random: Random) => Form)[] = [
  (target, random) => ({ type: pick(oddTypes, random), body: multipartBody([image(target)]) }),
  (target, random) => ({
    type: multipartType(pick(boundaries, random)),
    body: multipartBody([image(target)], pick(boundaries, random)),
  }),
  (target, random) => ({ body: handmade(target, pick(partHeads, random)) }),
  (target, random) => ({ body: handmade(target, pick(partHeads, random), randomBytes(50, random)) }),
  (target, random) => ({ body: manyParts(target, random) }),
  (target, random) => ({ body: manyImages(target, random) }),
  (target, random) => {
    const fields = Array.from({ length: random.integer(1, 4) }, () => ({
      name: oddName(random).replaceAll(/["\r\n]/g, ""),
      bytes: oddValue(random),
    }));
    return { body: multipartBody([...fields, image(target)]) };
  },
  (target, random) => ({
    body: multipartBody([
      { name: "conf", bytes: "9".repeat(random.integer(1, 40_000)) },
      image(target, pick(["image", "file", "images[]", "Image", "images[0]"], random)),
    ]),
  }),
  (target, random) => ({ body: truncated(multipartBody([image(target), image(target)]), random) }),
  (target, random) => ({ body: garbled(multipartBody([image(target)]), random) }),
  (target, random) => ({ body: shuffled(multipartBody([image(target)]), random) }),
  (target) => ({ body: Buffer.concat([randomPreamble, multipartBody([image(target)]), randomPreamble]) }),
  (target) => ({
    body: Buffer.from(
      multipartBody([image(target)])
        .toString("latin1")
        .replaceAll("\r\n", "\n"),
    ),
  }),
  (target) => ({ body: multipartBody([{ name: "image", bytes: target.images.jpeg.toString("base64") }]) }),
  (target) => ({
    body: multipartBody([
      { ...image(target), type: multipartType("inner"), bytes: multipartBody([], "inner") },
    ]),
  }),
  (target, random) => ({
    body: multipartBody([image(target), { name: "image", bytes: spoilt(target, random) }]),
  }),
  () => ({ body: multipartBody([]) }),
  () => ({ body: Buffer.from(`--${boundary}\r\n`.repeat(20_000)) }),
  () => ({ body: Buffer.from(`\r\n--${boundary}`.repeat(20_000)) }),
];

const randomPreamble = Buffer.from("\r\n--boundary-of-a-tes\r\n\r\n--\r\n");

function spoilt({ images }: Target, random: Random): Buffer {
  return pick([truncated, garbled, shuffled], random)(images.jpeg, random);
}

/** More than are accepted, up to very many more. */
function manyParts(target: Target, random: Random): Buffer {
  const count = pick([63, 64, 65, 1_000, 30_000], random);
  const fields = Array.from({ length: count }, (_, index) => ({ name: `f${index}`, bytes: "1" }));
  return multipartBody([image(target), ...fields]);
}

function manyImages(target: Target, random: Random): Buffer {
  const count = pick([2, 3, 16, 17, 60, 200], random);
  // All but the first of many are no images, for else each would keep the backend busy.
  const rest = Array.from({ length: count - 1 }, () => ({ ...image(target), bytes: "no image" }));
  return multipartBody([image(target), ...rest]);
}

const boundaries = [
  boundary,
  boundary,
  "",
  "x",
  "x".repeat(70),
  "x".repeat(71),
  "x".repeat(5_000),
  "--",
  "with space",
  "a\u00e9",
  "'()+_,-./:=?",
  '"quoted"',
  "\t",
];

const oddTypes = [
  "multipart/form-data",
  "multipart/form-data;",
  "multipart/form-data; boundary",
  "multipart/form-data; boundary=",
  'multipart/form-data; boundary="',
  `multipart/form-data; boundary="${boundary}`,
  `multipart/form-data; boundary="${boundary}"`,
  `multipart/form-data; boundary=${boundary}; boundary=other`,
  `MULTIPART/FORM-DATA; BOUNDARY=${boundary}`,
  `multipart/form-data; charset=utf-7; boundary=${boundary}`,
  `multipart/form-data${"; a=b".repeat(1_000)}; boundary=${boundary}`,
  `multipart/mixed; boundary=${boundary}`,
  `multipart/form-data; boundary*=utf-8''${boundary}`,
  "multipart/form-data; boundary=\u00ff",
];

const disposition = 'Content-Disposition: form-data; name="image"';

const partHeads = [
  "X-A: b",
  "",
  "no colon",
  disposition,
  `${disposition}\r\n${disposition}`,
  `${disposition}; name="conf"`,
  'Content-Disposition: form-data; name=""',
  "Content-Disposition: form-data",
  'Content-Disposition: attachment; name="image"',
  'Content-Disposition: form-data; name="__proto__"',
  'Content-Disposition: form-data; name="im\\"age"; filename="x"',
  'Content-Disposition: form-data; name="image',
  `Content-Disposition: form-data; name="image"; filename="${canary}\u0000.jpg"`,
  `Content-Disposition: form-data; name="image"; filename*=UTF-8''%ff%00`,
  `${disposition}; filename="../../../etc/passwd"`,
  `${disposition}\r\nContent-Transfer-Encoding: base64`,
  `${disposition}\r\nContent-Transfer-Encoding: quoted-printable`,
  `${disposition}\r\nContent-Type: multipart/mixed; boundary=b`,
  `${disposition}\r\nContent-Type: text/plain\r\n folded: yes`,
  `${disposition}\r\n${"X-A: b\r\n".repeat(3_000)}X-B: c`,
  `${disposition}\r\nX-Long: ${"v".repeat(20_000)}`,
  `${disposition}\r\n: empty`,
  `${disposition}\r\nContent-Length: 99999999999`,
  `Content-Disposition: form-data; name="${"n".repeat(10_000)}"`,
  "Content-Disposition: form-data; name*0=im; name*1=age",
  "content-disposition:form-data;name=image;filename=a",
];
