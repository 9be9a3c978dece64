/**
 * What the device asks of its disk: few calls, each of which a power cut may fall behind. All that must last goes
 * through here, so that a test can list every state in which a cut can leave the disk.
 */
export type FileSystem = {
  /** Throws with `code` ENOENT where there is none, and one of our errors where there is more. */
  readonly read: (path: string, options: { readonly maxBytes: number }) => Promise<Uint8Array>;
  /** Names in order; none where there is no such folder. */
  readonly list: (folder: string) => Promise<readonly string[]>;
  /** Undefined where there is none. */
  readonly size: (path: string) => Promise<number | undefined>;
  /** With the folders above it. */
  readonly makeFolder: (folder: string) => Promise<void>;
  /**
   * For reading and writing; made where there is none. With `readOnly` nothing is made (ENOENT where there is none), and a
   * disk that may only be read will do.
   */
  readonly open: (
    path: string,
    options?: { readonly truncate?: boolean; readonly readOnly?: boolean },
  ) => Promise<OpenFile>;
  /** Over what is there. */
  readonly rename: (from: string, to: string) => Promise<void>;
  /** A file, or a folder with what is in it; what is not there is as good as removed. */
  readonly remove: (path: string) => Promise<void>;
  /** Names in a folder last only from here on. */
  readonly syncFolder: (folder: string) => Promise<void>;
  readonly freeBytes: (folder: string) => Promise<number>;
};

export type OpenFile = AsyncDisposable & {
  /** Shorter where the file ends. */
  readonly readAt: (position: number, length: number) => Promise<Uint8Array>;
  readonly writeAt: (position: number, bytes: Uint8Array) => Promise<void>;
  readonly truncate: (bytes: number) => Promise<void>;
  /** Content lasts only from here on. */
  readonly sync: () => Promise<void>;
  readonly close: () => Promise<void>;
};
