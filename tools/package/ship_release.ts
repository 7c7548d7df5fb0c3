/** Writes down what the release ships that is made now: from then on its migrations can't change. */
import { writeFile } from "node:fs/promises";
import { defineCommand, runCommand } from "../cli/command.ts";
import { readMigrations, shippedReleases, shipRelease, VERSION } from "./releases.ts";

const RELEASES = new URL("releases.json", import.meta.url);

const command = defineCommand(
  "ship",
  "Writes the checksums of the migrations that have not shipped yet into tools/package/releases.json.",
).action(async () => {
  const shipped = shipRelease(await readMigrations(), shippedReleases, VERSION);
  await writeFile(RELEASES, `${JSON.stringify(shipped, null, 2)}\n`);
  const count = Object.keys(shipped[VERSION] ?? {}).length;
  console.log(`Release ${VERSION} ships ${count} migrations, which can't change any more`);
});

await runCommand(command);
