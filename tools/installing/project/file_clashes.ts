import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MirrorObject } from "../sql/list_objects.ts";
import { type Family, listMadeObjects, type MadeObject, type SqlFile } from "./made_objects.ts";
import { readVersions } from "./next_version.ts";

/** Something in the project that has one of the mirror's names. */
export interface ProjectClash {
  /** As in SQL: "table", "materialized view"; or "function" for a folder of functions. */
  kind: string;
  /** With its schema, such as "public.profiles". */
  name: string;
  /** The file that creates it; none if it was found in the database. */
  file?: string;
}

/**
 * Lists what a project's migrations create, in their order, and its declarative schemas.
 *
 * @param folder The project's `supabase/`.
 */
export function readMadeObjects(folder: string): MadeObject[] {
  const migrations = sqlFiles(folder, "migrations", false);
  const declared = sqlFiles(folder, "schemas", true);
  return [
    ...listMadeObjects(migrations.map((path) => readSql(folder, path))),
    ...listMadeObjects(declared.map((path) => readSql(folder, path))),
  ];
}

/** Versions of a project's migrations. */
export function migrationVersions(folder: string): string[] {
  return readVersions(
    sqlFiles(folder, "migrations", false).map((path) => path.slice("migrations/".length)),
  );
}

/** Everything in the project that already has one of the mirror's names, each once. */
export function findFileClashes(made: MadeObject[], objects: MirrorObject[]): ProjectClash[] {
  const taken = new Set(objects.flatMap(takenNames));
  const clashes = made
    .filter(({ family, schema, name }) => taken.has(keyOf(family, schema, name)))
    .map(({ family, kind, schema, name, file }) => ({
      kind,
      name: family === "schema" ? name : `${schema}.${name}`,
      file,
    }));
  return [...new Map(clashes.map((clash) => [`${clash.kind} ${clash.name}`, clash])).values()];
}

/** A table or a view takes the name of a type as well. The chosen schema may exist: that is no clash. */
function takenNames({ kind, schema, name }: MirrorObject): string[] {
  switch (kind) {
    case "schema":
      return name === "clerk_sync" ? [keyOf("schema", name, name)] : [];
    case "table":
    case "view":
    case "type":
      return [keyOf("relation", schema, name), keyOf("type", schema, name)];
    case "index":
    case "key":
      return [keyOf("relation", schema, name)];
    case "function":
      return [keyOf("function", schema, name)];
    default:
      return [];
  }
}

function keyOf(family: Family, schema: string, name: string): string {
  return JSON.stringify([family, schema, name]);
}

function sqlFiles(folder: string, name: string, isDeep: boolean): string[] {
  if (!existsSync(join(folder, name))) return [];
  const entries = readdirSync(join(folder, name), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = `${name}/${entry.name}`;
    if (entry.isDirectory()) return isDeep ? sqlFiles(folder, path, true) : [];
    // Other files among the migrations aren't run.
    const isRun = isDeep ? entry.name.endsWith(".sql") : readVersions([entry.name]).length > 0;
    return isRun ? [path] : [];
  }).sort();
}

function readSql(folder: string, path: string): SqlFile {
  return { file: `supabase/${path}`, sql: readFileSync(join(folder, path), "utf8") };
}
