/** What the mirror's SQL creates in a database, parsed from its text. */
import { readParentheses, splitList, splitStatements } from "./split_statements.ts";

/** Something that the mirror creates, and an uninstall drops. */
export interface MirrorObject {
  /**
   * `key`: a primary key or a unique constraint, whose index has the same name. `constraint`: any other one.
   */
  kind:
    | "schema"
    | "type"
    | "table"
    | "view"
    | "function"
    | "index"
    | "key"
    | "constraint"
    | "column"
    | "policy"
    | "trigger";
  /** For a schema, its own name. */
  schema: string;
  name: string;
  /** For a function, its argument types. */
  arguments?: string[];
  /** For what belongs to a table (from "index" to "trigger"): its table, in the same schema. */
  table?: string;
  /** Created in the statement that creates its table: it is dropped with the table. */
  isInline?: true;
}

type Kind = MirrorObject["kind"];

/** What a statement changes in the list. */
type Change = { makes: MirrorObject } | { drops: MirrorObject };

/** Statements that create nothing that has to be dropped. */
const MAKES_NOTHING =
  /^(?:comment|grant|revoke|insert|update|delete|select|with|do|set|reset|notify|alter (?:view|function|policy|index|type|schema) (?!.*\brename\b))\b/i;

/**
 * Lists what the SQL of all releases leaves in a database, in order of creation: what a later statement drops
 * is not on the list. A function that is replaced keeps its place; a view gets a new one, since it may use
 * what was created in between.
 *
 * @param sql Rendered or not; in the order in which it is applied.
 * @throws {Error} at a statement that creates something and isn't understood here.
 */
export function listObjects(sql: string): MirrorObject[] {
  const objects = new Map<string, MirrorObject>();
  for (const change of readChanges(sql)) {
    if ("drops" in change) drop(objects, change.drops);
    else make(objects, change.makes);
  }
  return [...objects.values()];
}

/** Lists what any statement creates, whether or not a later one drops it. */
export function listMadeObjects(sql: string): MirrorObject[] {
  return readChanges(sql).flatMap((change) => "makes" in change ? [change.makes] : []);
}

function readChanges(sql: string): Change[] {
  return splitStatements(sql).flatMap(readStatement);
}

function make(objects: Map<string, MirrorObject>, made: MirrorObject): void {
  const id = identify(made);
  if (made.kind === "view") objects.delete(id);
  if (!objects.has(id)) objects.set(id, made);
}

/** A key and a constraint with the same name are one, since a `drop constraint` doesn't say which it is. */
function identify({ kind, schema, name, arguments: types, table }: MirrorObject): string {
  const family = kind === "key" ? "constraint" : kind;
  return JSON.stringify([family, schema, name, types ?? null, family === "index" ? null : table]);
}

/** Also drops what belongs to it. */
function drop(objects: Map<string, MirrorObject>, dropped: MirrorObject): void {
  objects.delete(identify(dropped));
  if (dropped.kind !== "table") return;
  for (const [id, { schema, table }] of objects) {
    if (schema === dropped.schema && table === dropped.name) objects.delete(id);
  }
}

function readStatement(statement: string): Change[] {
  if (MAKES_NOTHING.test(statement)) return [];
  const changes = readTable(statement) ?? readFunction(statement) ?? readSimple(statement) ??
    readPartOfTable(statement) ?? readAlteration(statement) ?? readDrop(statement);
  if (changes === undefined) {
    throw new Error(`Not understood, so it couldn't be undone: "${statement.slice(0, 80)}"`);
  }
  return changes;
}

function readTable(statement: string): Change[] | undefined {
  const [, schema, table] = /^create table (\w+)\.(\w+) ?\(/.exec(statement) ?? [];
  if (schema === undefined || table === undefined) return undefined;
  const parts = splitList(readParentheses(statement)).map((part): Change => {
    const makes = readConstraint(part, schema, table) ?? readColumn(part, schema, table);
    return { makes: { ...makes, isInline: true } };
  });
  return [{ makes: { kind: "table", schema, name: table } }, ...parts];
}

function readColumn(part: string, schema: string, table: string): MirrorObject {
  const [, name] = /^(\w+) /.exec(part) ?? [];
  if (name === undefined || /^(?:check|foreign|primary|unique|exclude|like)$/.test(name)) {
    throw new Error(`A constraint without a name, or not understood: "${part}" of "${table}"`);
  }
  return { kind: "column", schema, name, table };
}

function readConstraint(part: string, schema: string, table: string): MirrorObject | undefined {
  const [, name, type] = /^constraint (\w+) (\w+)/.exec(part) ?? [];
  if (name === undefined || type === undefined) return undefined;
  const kind = ["primary", "unique", "exclude"].includes(type) ? "key" : "constraint";
  return { kind, schema, name, table };
}

function readFunction(statement: string): Change[] | undefined {
  const [, verb, schema, name] =
    /^(create|create or replace|drop) function (?:if exists )?(\w+)\.(\w+) ?\(/.exec(statement) ??
      [];
  if (schema === undefined || name === undefined) return undefined;
  const types = splitList(readParentheses(statement)).flatMap((argument) =>
    verb === "drop" ? [argument] : readType(argument)
  );
  const object: MirrorObject = { kind: "function", schema, name, arguments: types };
  return [verb === "drop" ? { drops: object } : { makes: object }];
}

/** The type of an argument such as `ids text[] default '{}'`; none for output arguments. */
function readType(argument: string): string[] {
  if (/^out\b/.test(argument)) return [];
  const declared = argument.replace(/^(?:in|inout|variadic) /, "").replace(
    / ?(?:\bdefault\b|:?=).*$/s,
    "",
  );
  return [declared.replace(/^\w+ /, "")];
}

function readSimple(statement: string): Change[] | undefined {
  const [, created] = /^create schema (?:if not exists )?(\w+)$/.exec(statement) ?? [];
  if (created !== undefined) {
    return [{ makes: { kind: "schema", schema: created, name: created } }];
  }
  const [, kind, schema, name] =
    /^create (?:or replace )?(type|view) (\w+)\.(\w+)\b/.exec(statement) ??
      [];
  if (!isKind(kind) || schema === undefined || name === undefined) return undefined;
  return [{ makes: { kind, schema, name } }];
}

/** By what it is: its name, then the schema and the name of its table. */
const PARTS_OF_TABLES = {
  index: /^create (?:unique )?index (?:concurrently )?(\w+) on (\w+)\.(\w+)\b/,
  policy: /^create policy ("[^"]+"|\w+) on (\w+)\.(\w+)\b/,
  trigger: /^create (?:or replace )?(?:constraint )?trigger (\w+) .*?\bon (\w+)\.(\w+)\b/s,
};

function readPartOfTable(statement: string): Change[] | undefined {
  for (const [kind, pattern] of Object.entries(PARTS_OF_TABLES)) {
    const [, name, schema, table] = pattern.exec(statement) ?? [];
    if (isKind(kind) && name !== undefined && schema !== undefined && table !== undefined) {
      return [{ makes: { kind, schema, name: unquote(name), table } }];
    }
  }
  return undefined;
}

function readAlteration(statement: string): Change[] | undefined {
  const [, schema, table, actions] = /^alter table (?:only )?(\w+)\.(\w+) (.*)$/s.exec(statement) ??
    [];
  if (schema === undefined || table === undefined || actions === undefined) return undefined;
  return splitList(actions).flatMap((action) => readAction(action, schema, table));
}

function readAction(action: string, schema: string, table: string): Change[] {
  if (/^(?:enable|disable|force|no force|alter column|validate|set|reset) /.test(action)) return [];
  const constraint = readConstraint(action.replace(/^add /, ""), schema, table);
  if (constraint) return [{ makes: constraint }];
  const [, verb, what, name] =
    /^(add|drop) (column|constraint) (?:if (?:not )?exists )?(\w+)/.exec(action) ?? [];
  if (!isKind(what) || name === undefined) {
    throw new Error(`Not understood, so it couldn't be undone: "alter table … ${action}"`);
  }
  const object: MirrorObject = { kind: what, schema, name, table };
  return [verb === "add" ? { makes: object } : { drops: object }];
}

function readDrop(statement: string): Change[] | undefined {
  const [, part, quotedName, tableSchema, table] =
    /^drop (policy|trigger) (?:if exists )?("[^"]+"|\w+) on (\w+)\.(\w+)$/.exec(statement) ?? [];
  if (isKind(part) && quotedName && tableSchema && table) {
    return [{ drops: { kind: part, schema: tableSchema, name: unquote(quotedName), table } }];
  }
  const [, kind, schema, name] =
    /^drop (type|table|view|index) (?:if exists )?(\w+)\.(\w+)$/.exec(statement) ?? [];
  if (!isKind(kind) || schema === undefined || name === undefined) return undefined;
  return [{ drops: { kind, schema, name } }];
}

function unquote(name: string): string {
  return name.replace(/^"(.*)"$/s, "$1");
}

/** SQL keywords that are also kinds here. */
function isKind(word: string | undefined): word is Kind {
  return word !== undefined &&
    ["type", "table", "view", "index", "policy", "trigger", "column", "constraint"].includes(word);
}
