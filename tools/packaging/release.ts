/** Makes a release: its version, the date in the CHANGELOG, what it ships, and the package. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineCommand, runCommand } from "../commands/cli/command.ts";
import { planRelease } from "./plan_release.ts";
import { readMigrations, shippedReleases } from "./releases.ts";
import { ROOT } from "../development/stack/supabase_cli.ts";

const FILES = {
  changelog: "CHANGELOG.md",
  config: "deno.json",
  release: "functions/_shared/release.ts",
  shipped: "tools/packaging/releases.json",
};

const command = defineCommand(
  "release",
  `Makes a release: sets the version, dates the CHANGELOG, records the migrations that it ships, which
can't change from then on, and builds the package. If something can't be released, it says why and stops. It
commits and publishes nothing: it prints the commands that do.`,
)
  .argument("<version>", "Such as 0.2.0, which the CHANGELOG lists as unreleased")
  .action(async (version) => {
    const read = (file: string) => readFile(join(ROOT, file), "utf8");
    const texts = planRelease({
      version,
      date: new Date().toISOString().slice(0, 10),
      changelog: await read(FILES.changelog),
      config: await read(FILES.config),
      migrations: await readMigrations(),
      shipped: shippedReleases,
      uncommitted: await listUncommitted(),
    });
    const shipped = `${JSON.stringify(texts.shipped, null, 2)}\n`;
    for (const [name, text] of Object.entries({ ...texts, shipped })) {
      await writeFile(join(ROOT, FILES[name as keyof typeof FILES]), text);
    }
    // The package is built by a new process, which reads the files as they are now.
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "pack"],
      cwd: ROOT,
      stdout: "piped",
      stderr: "inherit",
    }).output();
    if (!success) throw new Error("The package can't be built");
    const tarball = new TextDecoder().decode(stdout).trim().split("\n").at(-1);
    console.log(`Release ${version} is made. What is left to do:

  git commit --all --message "Release ${version}"
  git tag v${version}
  git push --follow-tags
  npm publish ${tarball}`);
  });

/** As git lists them in its short format. */
async function listUncommitted(): Promise<string[]> {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["status", "--porcelain"],
    cwd: ROOT,
    stdout: "piped",
    stderr: "null",
  }).output();
  if (!success) throw new Error("git can't say what is committed");
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "")
    .map((line) => line.slice(3));
}

await runCommand(command);
