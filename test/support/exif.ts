export type ExifOptions = {
  readonly big?: boolean;
  /** TIFF's number of the value's type. */
  readonly type?: number;
  readonly count?: number;
  /** Written into the second directory's place, as a maker's note or a place would be. */
  readonly secret?: string;
};

export const exifPrefix = Buffer.from("Exif\0\0", "latin1");

/** A TIFF as cameras write it: a maker, the orientation, and whatever is secret behind them. */
export function tiffOf(orientation: number, options: ExifOptions = {}): Buffer {
  const { big = false, type = 3, count = 1, secret = "" } = options;
  const tiff = Buffer.alloc(38);
  const short = (value: number, at: number) =>
    big ? tiff.writeUInt16BE(value, at) : tiff.writeUInt16LE(value, at);
  const long = (value: number, at: number) =>
    big ? tiff.writeUInt32BE(value, at) : tiff.writeUInt32LE(value, at);
  tiff.write(big ? "MM" : "II");
  short(42, 2);
  long(8, 4);
  short(2, 8);
  [short(0x010f, 10), short(2, 12), long(secret.length, 14), long(38, 18)];
  [short(0x0112, 22), short(type, 24), long(count, 26)];
  if (type === 1 || type === 6) tiff.writeUInt8(orientation, 30);
  else if (type === 4 || type === 9) long(orientation, 30);
  else short(orientation, 30);
  return Buffer.concat([tiff, Buffer.from(secret, "latin1")]);
}
