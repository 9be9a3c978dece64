import { basename } from "node:path";

/** Packages that only a configured provider, a test or a shared store needs: a start on a laptop pays for none. */
const packages =
  /\/node_modules\/(@aws-sdk|@smithy|@google-cloud|google-gax|@azure|playwright[^/]*|ioredis)\//;
// Anchored, since PostgreSQL brings libicudata, which is Unicode and no CUDA.
const libraries = /(^lib|_)(cuda|cudnn|cublas|cufft|curand|nvinfer|nvrtc|tensorrt)/i;

/** Of the modules and libraries that a start loaded, those that it must not. */
export function forbiddenLoads(loaded: readonly string[]): readonly string[] {
  return loaded.filter((path) => packages.test(path) || libraries.test(basename(path)));
}
