import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Noun, wordsOf } from "./noun.ts";
import { nounFixtures } from "./noun_fixtures.ts";
import { renderNounMapping } from "./render_noun_mapping.ts";
import { renderNounMigration } from "./render_noun_migration.ts";

/** A line that is added before another. */
interface Insertion {
  file: string;
  before: RegExp;
  text: string;
}

/**
 * Writes the files of a noun, and its lines in the files that list every noun.
 *
 * @param shipped Names of the migrations that have shipped.
 * @returns The files, new ones first.
 * @throws {Error} before anything is written, if the noun exists already, or a line has no place.
 */
export async function addNoun(root: string, noun: Noun, shipped: string[]): Promise<string[]> {
  const { singular, variable } = wordsOf(noun);
  const added = new Map([
    [
      `supabase/migrations/${await nextMigration(root, shipped)}_${noun.table}.sql`,
      renderNounMigration(noun),
    ],
    [`functions/clerk-webhook/mappings/${singular}.ts`, renderNounMapping(noun)],
    ...[...nounFixtures(noun)].map(([type, fixture]): [string, string] => [
      `tests/fixtures/events/${type}.json`,
      `${JSON.stringify(fixture, null, 2)}\n`,
    ]),
  ]);
  const changed = new Map<string, string>();
  for (const { file, before, text } of insertions(noun, singular, variable)) {
    const source = changed.get(file) ?? await readFile(join(root, file), "utf8");
    if (source.includes(text)) throw new Error(`${file} has "${noun.table}" already`);
    const place = before.exec(source);
    if (place === null) throw new Error(`${file} has no place for "${noun.table}"`);
    changed.set(file, source.slice(0, place.index) + text + source.slice(place.index));
  }
  for (const [file, text] of [...added, ...changed]) await writeFile(join(root, file), text);
  return [...added.keys(), ...changed.keys()];
}

function insertions(noun: Noun, singular: string, variable: string): Insertion[] {
  const { table, event } = noun;
  return [
    {
      file: "functions/clerk-webhook/event.ts",
      before: /^import \{ createParser \}/m,
      text: `import { ${variable}Mappings } from "./mappings/${singular}.ts";\n`,
    },
    {
      file: "functions/clerk-webhook/event.ts",
      before: /^\};\n\n\/\*\* An event type/m,
      text: `  ...${variable}Mappings,\n`,
    },
    {
      file: "tools/console/mirrored_tables.ts",
      before: /^\};/m,
      text: `  ${table}: 90,\n`,
    },
    {
      file: "tests/row_level_security_test.ts",
      before: /^\] as const;\n\nconst VIEWS/m,
      text: `  "${table}",\n`,
    },
    {
      file: "docs/events.md",
      before: /^\| `email\.created`/m,
      text: `| \`${event}.created\`, \`.updated\` | \`upsert_${table}\` | \`${table}\` |\n` +
        `| \`${event}.deleted\` | \`delete_${singular}\` | removes it |\n`,
    },
  ];
}

/** After the last one; before the one that ends the release, if that has not shipped yet. */
async function nextMigration(root: string, shipped: string[]): Promise<string> {
  const names = (await readdir(join(root, "supabase", "migrations"))).sort();
  const open = names.filter((name) => !shipped.includes(name) && !/_release_/.test(name));
  const [last] = /^\d{14}/.exec((open.length > 0 ? open : names).at(-1) ?? "") ?? [];
  if (last === undefined) throw new Error("There are no migrations to come after");
  return open.length > 0 ? String(Number(last) + 1) : `${nextDay(last)}000001`;
}

/** For a migration's version: "20260201000100" is followed by "20260202". */
function nextDay(version: string): string {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)/.exec(version) ?? [];
  const next = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day) + 1));
  return next.toISOString().slice(0, 10).replaceAll("-", "");
}
