/** Writes the boilerplate of a new noun, so that its author only adds what is special about it. */
import { defineCommand, runCommand } from "../commands/cli/command.ts";
import { addNoun } from "./nouns/add_noun.ts";
import { readNoun } from "./nouns/noun.ts";
import { shippedReleases } from "../packaging/releases.ts";
import { ROOT } from "../development/stack/supabase_cli.ts";

const command = defineCommand(
  "new-noun",
  `Writes the skeleton of a noun: migration, mapping, samples of its events, and its line in every list of
nouns. What it writes works; you complete it by hand.`,
)
  .argument("<table>", "Its table, a plural: organization_badges")
  .requiredOption("--event <name>", "What its event types begin with: organizationBadge")
  .requiredOption("--id-prefix <text>", "What its ids begin with: badge")
  .requiredOption(
    "--columns <list>",
    "Its own columns, separated by commas: name:text,level:integer. Types are text, boolean, integer, timestamptz and jsonb",
  )
  .option("--owner <table>", "What its rows belong to: organizations or profiles")
  .action(async (table, { event, idPrefix, columns, owner }) => {
    const noun = readNoun(table, { event, idPrefix, columns, owner });
    const shipped = Object.values(shippedReleases).flatMap((files) => Object.keys(files));
    const files = await addNoun(ROOT, noun, shipped);
    await format(files.filter((file) => !file.endsWith(".sql")));
    console.log(`${files.map((file) => `  ${file}`).join("\n")}

What is left to do:
  1. deno task types
  2. Make schema, row and samples what Clerk really sends
  3. Say who may read it: the policy, docs/reading.md, tests/row_level_security_test.ts
  4. If Clerk lists it: functions/_shared/clerk/resources.ts
  5. A line in the CHANGELOG
  6. deno task test events schema package_sql row_level_security: they name what is still missing`);
  });

async function format(files: string[]): Promise<void> {
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", ...files], cwd: ROOT })
    .output();
}

await runCommand(command);
