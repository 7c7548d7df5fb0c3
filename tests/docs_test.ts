/** The documents are right as far as a machine can tell: links, commands, options and variables. */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import config from "../deno.json" with { type: "json" };
import { COMMANDS } from "../tools/commands/cli/commands.ts";
import { CHAPTERS, readTestFiles, renderTests } from "../tools/contributing/list_tests.ts";
import { REFERENCE_PAGE, renderReference } from "../tools/contributing/reference.ts";
import { ROOT } from "../tools/development/stack/supabase_cli.ts";

/** Pages by their path in the repository. */
const pages = new Map<string, string>();
for (const folder of ["", "docs", ".github", ".github/ISSUE_TEMPLATE"]) {
  for (const { name, isFile } of Deno.readDirSync(join(ROOT, folder))) {
    if (!isFile || !name.endsWith(".md")) continue;
    const path = join(folder, name);
    pages.set(path, Deno.readTextFileSync(join(ROOT, path)));
  }
}

/** Options of other programs that the documents tell to run: by the program's first words. */
const OTHER_PROGRAMS =
  /^(?:npx (?:-y |--yes )?)?(?:supabase|clerk|curl|git|npm|docker)(?:@[\d.]+)?\b/;

const sources = await readSources();

Deno.test("every link leads to a page, a picture or a heading that exists", () => {
  const broken = [];
  for (const [path, text] of pages) {
    const links = withoutCode(text).matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset)="([^"]+)"/g);
    for (const [, link, source] of links) {
      const target = link ?? source ?? "";
      if (/^(?:https?|mailto):/.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      const linked = file === "" ? path : relative(ROOT, join(ROOT, dirname(path), file));
      if (!exists(linked)) broken.push(`${path}: ${target}`);
      else if (anchor !== undefined && !anchorsOf(pages.get(linked) ?? "").includes(anchor)) {
        broken.push(`${path}: ${target}`);
      }
    }
  }
  assert.deepEqual(broken, []);
  assert.ok(pages.size > 8, "there are pages to look at");
});

Deno.test("every file and folder that CONTRIBUTING.md names exists", () => {
  const text = pages.get("CONTRIBUTING.md") ?? "";
  const paths =
    text.match(/(?<![\w./-])(?:functions|supabase|tests|tools|docs|\.ci)\/[\w./-]*\w/g) ?? [];
  assert.ok(paths.length > 30, `${paths.length} paths`);
  assert.deepEqual(paths.filter((path) => !exists(path)), []);
});

Deno.test("docs/reference.md matches the commands' own help", async () => {
  const page = await Deno.readTextFile(REFERENCE_PAGE);
  assert.equal(page, await renderReference(page), 'Run "deno task reference"');
});

Deno.test("every task, command and option in the documents exists", async () => {
  const wrong = [];
  let count = 0;
  for (const [path, text] of pages) {
    if (path === "CHANGELOG.md") continue;
    for (const { task, command, options } of calls(text)) {
      count++;
      const name = task ?? command ?? "";
      const isKnown = task === undefined ? name in COMMANDS : name in config.tasks;
      if (!isKnown) wrong.push(`${path}: there is no "${name}"`);
      else {
        const known = await optionsOf(name);
        for (const option of options) {
          if (!known.includes(option)) wrong.push(`${path}: "${name}" has no "${option}"`);
        }
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(count > 40, `${count} calls were looked at`);
});

Deno.test("every variable in the documents is read somewhere in the code", () => {
  const wrong = [];
  for (const [path, text] of pages) {
    for (const [name] of text.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g)) {
      if (!sources.includes(name)) wrong.push(`${path}: ${name}`);
    }
  }
  assert.deepEqual([...new Set(wrong)], []);
});

Deno.test('every test file has a chapter in "deno task test --list", and every test its name', async () => {
  const files = await readTestFiles();
  const named = Object.values(CHAPTERS).flat();
  assert.deepEqual(files.filter(({ name }) => !named.includes(name)), []);
  const document = renderTests(files);
  for (const { name, about, tests } of files) {
    assert.ok(document.includes(about) && about !== "", name);
    for (const test of tests) assert.ok(document.includes(`- ${test}\n`), test);
    const text = await Deno.readTextFile(join(ROOT, "tests", `${name}_test.ts`));
    const calls = text.match(/^ *(?:Deno\.test|test\.\w+|test)\((?!\{\n +name,)/gm) ?? [];
    assert.equal(tests.length, calls.length, `${name}: the name of each test is read`);
  }
});

Deno.test(".env.example lists every variable of the functions", async () => {
  const example = await Deno.readTextFile(join(ROOT, ".env.example"));
  const page = await Deno.readTextFile(REFERENCE_PAGE);
  const [, table = ""] = /## Variables of the functions\n(.*?)\n## /s.exec(page) ?? [];
  const names = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name = ""]) => name)
  );
  assert.ok(names.length > 8);
  assert.deepEqual(names.filter((name) => !example.includes(name)), []);
});

/** What a page tells to run: in blocks, line by line, and in the text. */
function* calls(text: string): Generator<{ task?: string; command?: string; options: string[] }> {
  const blocks = [...text.matchAll(/^( *)```.*?\n(.*?)^ *```/gms)].flatMap(([, , code = ""]) =>
    code.replaceAll("\\\n", " ").split("\n")
  );
  const inline = [...text.replace(/^ *```.*?^ *```/gms, "").matchAll(/`([^`]+)`/g)];
  for (const line of [...blocks, ...inline.map(([, code = ""]) => code)]) {
    // A comment may name other things.
    const [code = ""] = line.split(/\s#/);
    for (const part of code.split(/&&|\||;/)) {
      const words = part.trim();
      if (OTHER_PROGRAMS.test(words)) continue;
      const [, task, rest = ""] = /\bdeno task ([\w:-]+)(.*)/.exec(words) ?? [];
      const [, command, others = ""] =
        /\bclerk-supabase-mirror(?:@\w+)? ([a-z][\w-]*)(.*)/.exec(words) ?? [];
      const options = [...`${rest} ${others}`.matchAll(/(?<=\s)--[a-z][\w-]*/g)].map(([all]) =>
        all
      );
      if (task !== undefined) yield { task, options };
      else if (command !== undefined) yield { command, options };
    }
  }
}

/** The long options of a command, or those that the script behind a task names. */
async function optionsOf(name: string): Promise<string[]> {
  if (name in COMMANDS) {
    const { command } = await COMMANDS[name as keyof typeof COMMANDS].load();
    return ["--help", ...command.options.map(({ long }) => long ?? "")];
  }
  const { command } = config.tasks[name as keyof typeof config.tasks];
  const script = /\S+\.ts\b/.exec(command)?.[0];
  const text = script === undefined ? "" : await Deno.readTextFile(join(ROOT, script));
  return ["--help", ...[...text.matchAll(/--[a-z][\w-]*/g)].map(([option]) => option)];
}

/** GitHub's anchors of a page's headings. */
function anchorsOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").trim().replaceAll(" ", "-")
  );
}

function withoutCode(text: string): string {
  return text.replace(/^ *```.*?^ *```/gms, "");
}

function exists(path: string): boolean {
  try {
    Deno.statSync(join(ROOT, path));
    return true;
  } catch {
    return false;
  }
}

/** All that could read a variable. */
async function readSources(): Promise<string> {
  const texts: string[] = [];
  const read = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory, isFile } of Deno.readDir(join(ROOT, folder))) {
      if (name === "node_modules") continue;
      const path = join(folder, name);
      if (isDirectory) await read(path);
      else if (isFile && /\.(?:ts|tsx|sql|yml)$/.test(name)) {
        texts.push(await Deno.readTextFile(join(ROOT, path)));
      }
    }
  };
  for (const folder of ["functions", "tools", "tests/helpers", ".github"]) await read(folder);
  return texts.join("\n");
}
