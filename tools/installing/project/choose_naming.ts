import { isCancel, select } from "@clack/prompts";
import type { Naming } from "../../../functions/_shared/naming.ts";
import { commandLine } from "../../commands/cli/command.ts";
import { clashQuery } from "../sql/find_clashes.ts";
import { listObjects } from "../sql/list_objects.ts";
import { renderMigration } from "../sql/render_migration.ts";
import { type DatabaseState, type ProjectDatabase, readDatabaseState } from "./database_state.ts";
import { findFileClashes, type ProjectClash } from "./file_clashes.ts";
import type { MadeObject } from "./made_objects.ts";
import { describeNaming } from "./plan.ts";

/** What the mirror would be added to. */
export interface Surroundings {
  /** All releases of the mirror, not rendered. */
  mirrorSql: string;
  /** What the project's own SQL creates. */
  made: MadeObject[];
  /** Given by `--db-url`. */
  database?: ProjectDatabase | undefined;
}

/** Ways out, the first free one of each kind: a prefix needs no additional exposed schema. */
const WAYS_OUT: { option: string; namings: Naming[] }[] = [
  {
    option: "--prefix",
    namings: ["clerk_", "mirror_"].map((prefix) => ({ schema: "public", prefix })),
  },
  {
    option: "--schema",
    namings: ["clerk", "clerk_mirror"].map((schema) => ({ schema, prefix: "" })),
  },
];

/**
 * Finds out what the mirror can be called in a project: as requested, if nothing has one of its names;
 * otherwise, as chosen on a terminal.
 *
 * @param canAsk Whether there is someone to choose.
 * @throws {Error} that lists everything in the way, and the ways out.
 */
export async function chooseNaming(
  wanted: Naming,
  surroundings: Surroundings,
  canAsk: boolean,
): Promise<Naming> {
  await refuseInstalled(surroundings);
  const clashes = await findClashes(surroundings, wanted);
  if (clashes.length === 0) return wanted;
  refuseOwnSchema(clashes);
  const waysOut = await findWaysOut(surroundings);
  const sentence = `The project has ${listClashes(clashes)} already`;
  if (waysOut.length === 0) throw new Error(`${sentence}. Choose another "--prefix" or "--schema"`);
  if (canAsk) return await ask(`${sentence}.`, waysOut);
  throw new Error([
    `${sentence}. Nothing was changed. Give the mirror other names:`,
    ...waysOut.map(({ flag, naming }) =>
      `  ${commandLine("init")} ${flag}    (${describeNaming(naming)})`
    ),
  ].join("\n"));
}

interface WayOut {
  /** As on the command line: "--prefix clerk_". */
  flag: string;
  naming: Naming;
}

async function ask(sentence: string, waysOut: WayOut[]): Promise<Naming> {
  const chosen = await select<Naming | "stop">({
    message: `${sentence} Where should the mirror go?`,
    options: [
      ...waysOut.map(({ flag, naming }) => ({
        value: naming,
        label: `Into ${describeNaming(naming)}`,
        hint: flag,
      })),
      { value: "stop", label: "Nowhere: change nothing" },
    ],
  });
  if (isCancel(chosen) || chosen === "stop") throw new Error("Nothing was changed");
  return chosen;
}

async function findWaysOut(surroundings: Surroundings): Promise<WayOut[]> {
  const waysOut: WayOut[] = [];
  for (const { option, namings } of WAYS_OUT) {
    for (const naming of namings) {
      if ((await findClashes(surroundings, naming)).length > 0) continue;
      waysOut.push({ flag: `${option} ${naming.prefix || naming.schema}`, naming });
      break;
    }
  }
  return waysOut;
}

/** In the project's files and in its database, each once. */
async function findClashes(
  { mirrorSql, made, database }: Surroundings,
  naming: Naming,
): Promise<ProjectClash[]> {
  const objects = listObjects(renderMigration(mirrorSql, naming));
  const inFiles = findFileClashes(made, objects);
  const rows = await database?.query(clashQuery(objects)) ?? [];
  const inDatabase = rows.map(({ kind, name }) => ({ kind: String(kind), name: String(name) }));
  const named = new Set(inFiles.map(({ name }) => name));
  // A table that is listed implies its key.
  return [...inFiles, ...inDatabase.filter(({ name }) => !named.has(name))].filter(
    ({ name }, _place, all) =>
      !name.endsWith("_pkey") || !all.some((other) => `${other.name}_pkey` === name),
  );
}

/** The private schema has no other name: a project that has it has the mirror, or a part of it. */
function refuseOwnSchema(clashes: ProjectClash[]): void {
  const own = clashes.find(({ kind, name }) => kind === "schema" && name === "clerk_sync");
  if (own === undefined) return;
  throw new Error(
    own.file === undefined
      ? "The database already has a schema clerk_sync, which belongs to the mirror"
      : `The mirror is already in this project: "${own.file}" makes it. If "init" wrote it, restore ` +
        '"supabase/clerk-mirror.lock.json" from version control. If its files were copied, remove them first',
  );
}

async function refuseInstalled({ mirrorSql, database }: Surroundings): Promise<void> {
  if (database === undefined) return;
  const state: DatabaseState = await readDatabaseState(database);
  if (state.mirror === "installed") {
    throw new Error(
      `The database already has the mirror's release ${state.version}, in ${
        describeNaming(state.naming)
      }, but no ` +
        `file of this project mentions it. Uninstall it first (${
          commandLine("uninstall")
        } --project-ref <ref>), ` +
        `or restore "supabase/clerk-mirror.lock.json" from version control`,
    );
  }
  if (state.mirror === "none") return;
  const rows = await database.query(clashQuery(listObjects(mirrorSql)));
  throw new Error(
    describeHalf(rows.map(({ kind, name }) => ({ kind: `${kind}`, name: `${name}` }))),
  );
}

/** What to do about a part of the mirror. It could belong to the application, so nothing here drops it. */
function describeHalf(parts: ProjectClash[]): string {
  const named = (kind: string) =>
    parts.filter((part) => part.kind === kind).map(({ name }) => name);
  const drops = [
    "drop schema clerk_sync cascade;",
    ...["view", "function", "table"].flatMap((kind) =>
      named(kind).length > 0 ? [`drop ${kind} ${named(kind).join(", ")};`] : []
    ),
  ];
  return [
    "The database has a part of the mirror: an installation stopped halfway. Nothing was changed. Make " +
    "sure that none of this is yours, and run it in the SQL editor:",
    ...drops.map((line) => `  ${line}`),
    'Mark its migrations as reverted ("supabase migration list" shows them, "supabase migration repair ' +
    '--status reverted <version>" does it), then run this again',
  ].join("\n");
}

function listClashes(clashes: ProjectClash[]): string {
  return clashes
    .map(({ kind, name, file }) => `${kind} ${name}${file === undefined ? "" : ` (${file})`}`)
    .join(", ");
}
