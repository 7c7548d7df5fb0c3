/** The names of the tests, in an order in which they can be read: what the mirror promises. */
import { join } from "node:path";
import { ROOT } from "../development/stack/supabase_cli.ts";

/** Chapters in the order of reading, and their test files without `_test.ts`. */
export const CHAPTERS: Record<string, string[]> = {
  "A webhook and its row": [
    "events",
    "http_contract",
    "groups",
    "group_calls",
    "parser",
    "clerk_types",
  ],
  "Any order, any number of times": ["ordering", "order_property", "fuzz"],
  "When something breaks": ["availability", "failure", "dead_letters", "journal"],
  "Who may read what": ["row_level_security", "schema"],
  "In your application": ["application", "building_on_it", "ensure_profile", "refresh"],
  "Side effects": ["effects"],
  "Backfill and reconciliation": [
    "backfill",
    "reconcile",
    "reconcile_slices",
    "runs",
    "clerk_pages",
  ],
  "Guards against mistakes": ["safety"],
  "Schedule and status": [
    "schedule",
    "hosted_schedule",
    "status",
    "status_command",
    "status_drift",
    "operations",
  ],
  "The console": ["console_server", "console_command", "console_browser"],
  "Installing, upgrading and uninstalling": [
    "init",
    "existing_project",
    "hosted",
    "naming",
    "upgrade_files",
    "release_check",
    "uninstall",
  ],
  "The package": [
    "package",
    "package_sql",
    "package_upgrade",
    "package_uninstall",
    "deploy",
    "releases",
    "release",
  ],
  "The repository's own tools": ["tools", "commands", "new_noun", "clerk_api", "bench", "docs"],
};

/** A test file as a part of the document. */
export interface TestFile {
  name: string;
  /** What the file says of itself. */
  about: string;
  tests: string[];
}

/** The test files of a folder, by name. */
export async function readTestFiles(folder = join(ROOT, "tests")): Promise<TestFile[]> {
  const files: TestFile[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const [, short] = /^(\w+)_test\.ts$/.exec(name) ?? [];
    if (short === undefined) continue;
    const text = await Deno.readTextFile(join(folder, name));
    files.push({ name: short, about: readAbout(text), tests: readNames(text) });
  }
  return files.sort((one, other) => one.name < other.name ? -1 : 1);
}

/** The chapters as Markdown. */
export function renderTests(files: TestFile[]): string {
  const chapters = Object.entries(CHAPTERS).map(([title, names]) => {
    const sections = names.flatMap((name) => {
      const file = files.find((file) => file.name === name);
      return file === undefined || file.tests.length === 0 ? [] : [renderFile(file)];
    });
    return `## ${title}\n\n${sections.join("\n")}`;
  });
  return `# What the mirror promises\n\n${chapters.join("\n")}`;
}

function renderFile({ about, tests }: TestFile): string {
  return `${about}\n\n${tests.map((test) => `- ${test}\n`).join("")}`;
}

function readAbout(text: string): string {
  const [, comment = ""] = /^\/\*\*(.*?)\*\//s.exec(text) ?? [];
  return comment.replace(/^ \* ?/gm, "").replace(/\s+/g, " ").trim();
}

/** A name that is put together is shown with what it is put together of: "⟨type⟩ … its row in ⟨table⟩". */
function readNames(text: string): string[] {
  const named =
    /(?:\bDeno\.test|\btest\.\w+|^test)\(\s*(?:\{\s*name:\s*(?:\w+\s*\?\s*)?)?(?:(["'])((?:(?!\1)[^\\]|\\.)*)\1|`((?:[^`\\]|\\.)*)`)/gm;
  return [...text.matchAll(named)].map(([, , plain, made = ""]) =>
    plain?.replace(/\\(.)/g, "$1") ?? made.replace(/\$\{(.*?)\}/g, "⟨$1⟩")
  );
}
