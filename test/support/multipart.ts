export type FormPart = {
  readonly name: string;
  readonly filename?: string;
  readonly type?: string;
  readonly bytes: Uint8Array | string;
};

/** A form's body as a browser writes it. */
export function multipartBody(parts: readonly FormPart[], boundary = "boundary-of-a-test"): Buffer {
  const pieces = parts.flatMap(({ name, filename, type, bytes }) => {
    const file = filename === undefined ? "" : `; filename="${filename}"`;
    const kind = type === undefined ? "" : `\r\nContent-Type: ${type}`;
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}${kind}\r\n\r\n`;
    return [Buffer.from(head), Buffer.from(bytes), Buffer.from("\r\n")];
  });
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

export function multipartType(boundary = "boundary-of-a-test"): string {
  return `multipart/form-data; boundary=${boundary}`;
}
