import { splitSql } from "./split_sql.ts";

/** Tables, views, indexes and the like share one namespace, as in Postgres. */
export type Family = "schema" | "relation" | "function" | "type";

/** Something that a project's SQL creates. */
export interface MadeObject {
  family: Family;
  /** As in the SQL: "materialized view". */
  kind: string;
  /** For a schema, its own name. */
  schema: string;
  name: string;
  /** The file that creates it. */
  file: string;
}

const NAME = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\d_$]*)`;
const QUALIFIED = String.raw`${NAME}(?: ?\. ?${NAME})?`;

const KINDS =
  "foreign table|table|materialized view|recursive view|view|sequence|unique index|index|" +
  "function|procedure|aggregate|type|domain|schema";

const CREATE = new RegExp(
  String.raw`^create (?:or replace )?(?:unlogged )?(?<kind>${KINDS}) (?:concurrently )?` +
    String.raw`(?:if not exists )?(?<name>${QUALIFIED})(?<rest>.*)$`,
  "isu",
);
const INDEX_ON = new RegExp(String.raw`^ on (?:only )?(?<table>${QUALIFIED})`, "iu");
const DROP = new RegExp(
  String.raw`^drop (?<kind>${KINDS}|routine) (?:concurrently )?(?:if exists )?(?<names>.+)$`,
  "isu",
);
const ALTER = new RegExp(
  String
    .raw`^alter (?<kind>${KINDS}|routine) (?:if exists )?(?:only )?(?<name>${QUALIFIED})(?: ?\([^)]*\))? ` +
    String.raw`(?:(?<verb>rename to|set schema) )(?<to>${NAME})$`,
  "isu",
);

/** SQL files in the order in which they run. */
export interface SqlFile {
  /** As it should be named. */
  file: string;
  sql: string;
}

/**
 * What a project's SQL leaves in its database, as far as its text shows: what is created by SQL that is built
 * at run time isn't seen. Names without a schema are in `public`.
 */
export function listMadeObjects(files: SqlFile[]): MadeObject[] {
  const objects = new Map<string, MadeObject>();
  for (const { file, sql } of files) {
    for (const statement of splitSql(sql)) apply(objects, statement, file);
  }
  return [...objects.values()];
}

function apply(objects: Map<string, MadeObject>, statement: string, file: string): void {
  const created = CREATE.exec(statement)?.groups;
  if (created) {
    const object = readCreated(created, file);
    if (object) objects.set(keyOf(object), object);
    return;
  }
  const dropped = DROP.exec(statement)?.groups;
  if (dropped) return drop(objects, dropped);
  const altered = ALTER.exec(statement)?.groups;
  if (altered) move(objects, altered, file);
}

type Groups = Record<string, string | undefined>;

function readCreated(
  { kind = "", name = "", rest = "" }: Groups,
  file: string,
): MadeObject | undefined {
  const family = familyOf(kind);
  const named = { family, kind: kind.toLowerCase(), ...readName(name, family), file };
  if (!/index$/i.test(kind)) {
    // `create schema authorization x` doesn't name one.
    return family === "schema" && /^authorization$/i.test(name) ? undefined : named;
  }
  // An index is in its table's schema, and without a name it gets an unknown one.
  const table = INDEX_ON.exec(rest)?.groups?.table;
  return table === undefined ? undefined : { ...named, schema: readName(table, "relation").schema };
}

function drop(objects: Map<string, MadeObject>, { kind = "", names = "" }: Groups): void {
  const family = familyOf(kind);
  const list = names.replace(/\([^)]*\)/g, "").replace(/ (?:cascade|restrict)$/i, "");
  for (const [name] of list.matchAll(new RegExp(QUALIFIED, "gu"))) {
    const dropped = readName(name, family);
    objects.delete(keyOf({ family, ...dropped }));
    if (family !== "schema" || !/ cascade$/i.test(names)) continue;
    for (const [key, { schema }] of objects) if (schema === dropped.schema) objects.delete(key);
  }
}

/** A rename, or a move into another schema. */
function move(objects: Map<string, MadeObject>, groups: Groups, file: string): void {
  const { kind = "", name = "", verb = "", to = "" } = groups;
  const family = familyOf(kind);
  const old = { family, ...readName(name, family) };
  const target = unquote(to);
  const moved = objects.get(keyOf(old)) ?? { ...old, kind: kind.toLowerCase(), file };
  objects.delete(keyOf(old));
  const renamed = /^rename/i.test(verb)
    ? { ...moved, name: target, ...(family === "schema" ? { schema: target } : {}), file }
    : { ...moved, schema: target, file };
  objects.set(keyOf(renamed), renamed);
  if (family === "schema") {
    for (const [key, object] of objects) {
      if (object.schema !== old.schema) continue;
      objects.delete(key);
      objects.set(keyOf({ ...object, schema: target }), { ...object, schema: target });
    }
  }
}

function familyOf(kind: string): Family {
  if (/^schema$/i.test(kind)) return "schema";
  if (/^(?:function|procedure|aggregate|routine)$/i.test(kind)) return "function";
  return /^(?:type|domain)$/i.test(kind) ? "type" : "relation";
}

function readName(text: string, family: Family): { schema: string; name: string } {
  const [first = "", second] = [...text.matchAll(new RegExp(NAME, "gu"))].map(([part]) =>
    unquote(part)
  );
  if (family === "schema") return { schema: first, name: first };
  return second === undefined ? { schema: "public", name: first } : { schema: first, name: second };
}

/** As Postgres reads it: without quotes, in lower case. */
function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

function keyOf({ family, schema, name }: Pick<MadeObject, "family" | "schema" | "name">): string {
  return JSON.stringify([family, schema, name]);
}
