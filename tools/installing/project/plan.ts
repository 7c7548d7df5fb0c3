/** What a command would do to a project's files: shown before it does it. */
import { Buffer } from "node:buffer";
import { styleText } from "node:util";
import type { Naming } from "../../../functions/_shared/naming.ts";
import type { FileChange } from "./change_files.ts";
import type { ConfigHunk } from "./edit_config.ts";
import type { SupabaseProject } from "./supabase_project.ts";

/** All of it. */
export interface Plan {
  project: SupabaseProject;
  /** Of the package. */
  version: string;
  naming: Naming;
  /** Those that change nothing aren't shown. */
  changes: FileChange[];
  /** What changes in the configuration, line by line. */
  hunks: ConfigHunk[];
  /** Files that were edited, and that stay as they are. */
  kept: string[];
  /** What else there is to know before agreeing. */
  notes: string[];
  /** Rows that the database would lose, if they were counted. */
  rows?: TableRows[];
}

/** How many rows a table has. */
export interface TableRows {
  /** With its schema. */
  table: string;
  rows: number;
}

/** A file in a plan, as a script sees it. */
interface PlannedFile {
  /** Below the project's root. */
  path: string;
  action: "create" | "replace" | "delete";
  /** Of the new content, in UTF-8. */
  bytes: number;
}

const ACTIONS = {
  create: styleText("green", "new     "),
  replace: styleText("yellow", "replaced"),
  delete: styleText("red", "removed "),
};

/** Whether there is nothing to do. */
export function isEmpty({ changes }: Plan): boolean {
  return changes.every(({ before, after }) => before === after);
}

/** What the mirror's tables are called: `the schema "clerk"`. */
export function describeNaming({ schema, prefix }: Naming): string {
  const names = prefix === "" ? "" : `, each with the prefix "${prefix}"`;
  return `the schema "${schema}"${names}`;
}

/** Every file that changes, and every line of the configuration. */
export function formatPlan(plan: Plan): string {
  const files = plannedFiles(plan);
  const longest = Math.max(0, ...files.map(({ path }) => path.length));
  const lines = files.map(({ path, action, bytes }) => {
    const size = action === "delete" ? "" : formatSize(bytes);
    return `  ${ACTIONS[action]}  ${path.padEnd(longest)}  ${size}`.trimEnd();
  });
  return [
    ...lines,
    ...formatHunks(plan),
    ...plan.kept.map((path) =>
      styleText(
        "yellow",
        `  supabase/${path} was edited, and stays as it is ("--force" replaces it)`,
      )
    ),
    ...formatRows(plan.rows ?? []),
    ...plan.notes.map((note) => `  ${note}`),
  ].join("\n");
}

/** The same for scripts. */
export function planAsJson(plan: Plan): Record<string, unknown> {
  const { project, version, naming, hunks, kept, notes, rows } = plan;
  return {
    project: project.root,
    version,
    ...naming,
    files: plannedFiles(plan),
    config: hunks.map(({ line, before, after }) => ({
      line,
      removed: linesOf(before),
      added: linesOf(after),
    })),
    kept: kept.map((path) => `supabase/${path}`),
    notes,
    ...(rows === undefined ? {} : { rows }),
  };
}

function formatRows(tables: TableRows[]): string[] {
  if (tables.length === 0) return [];
  const total = tables.reduce((sum, { rows }) => sum + rows, 0);
  const filled = tables.filter(({ rows }) => rows > 0)
    .map(({ table, rows }) => `${table} ${rows.toLocaleString("en")}`);
  return [
    styleText("red", `  ${total.toLocaleString("en")} rows will be deleted`) +
    (filled.length > 0 ? `: ${filled.join(", ")}` : ""),
  ];
}

function plannedFiles({ changes }: Plan): PlannedFile[] {
  return changes.filter(({ before, after }) => before !== after).map(({ path, before, after }) => ({
    path: `supabase/${path}`,
    action: after === undefined ? "delete" : before === undefined ? "create" : "replace",
    bytes: Buffer.byteLength(after ?? ""),
  }));
}

function formatHunks({ project, hunks }: Plan): string[] {
  if (hunks.length === 0) return [];
  const lines = hunks.flatMap((hunk) => [
    styleText("cyan", `  line ${hunk.line}`),
    ...linesOf(hunk.before).map((line) => styleText("red", `  - ${line}`)),
    ...linesOf(hunk.after).map((line) => styleText("green", `  + ${line}`)),
  ]);
  return ["", `  supabase/${project.configName}`, ...lines, ""];
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function formatSize(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${Math.round(bytes / 1000)} kB`;
}
