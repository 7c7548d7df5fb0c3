/** Writes the part of docs/reference.md that the commands tell of themselves. */
import { COMMANDS } from "../commands/cli/commands.ts";
import { defineCommand, runCommand } from "../commands/cli/command.ts";

/** The page, part of which is made here. */
export const REFERENCE_PAGE = new URL("../../docs/reference.md", import.meta.url);

/** What stands around that part. */
const BEGIN = "<!-- Made by `deno task reference`. -->\n";
const END = "<!-- The end of what is made. -->\n";

/** The page as it has to be, from the page as it is. */
export async function renderReference(page: string): Promise<string> {
  const begin = page.indexOf(BEGIN) + BEGIN.length;
  const end = page.indexOf(END);
  if (begin < BEGIN.length || end < begin) {
    throw new Error("The page has no place for the commands");
  }
  const sections = [];
  for (const name of Object.keys(COMMANDS)) sections.push(await renderCommand(name));
  return await format(`${page.slice(0, begin)}\n${sections.join("\n")}\n${page.slice(end)}`);
}

async function renderCommand(name: string): Promise<string> {
  if (!(name in COMMANDS)) throw new Error(`There is no command "${name}"`);
  const { command } = await COMMANDS[name as keyof typeof COMMANDS].load();
  const rows = [
    ...command.registeredArguments.map((
      argument,
    ) => [`\`${argument.name()}\``, argument.description]),
    ...command.options.map(({ flags, description }) => [`\`${flags}\``, description]),
  ];
  const table = rows.map(([name, text = ""]) => `| ${name} | ${inOneLine(text)} |\n`).join("");
  return `### ${name}\n\n${asInPackage(command.description())}\n` +
    (rows.length > 0 ? `\n| option | what it does |\n| --- | --- |\n${table}` : "");
}

function inOneLine(text: string): string {
  return asInPackage(text).replace(/\s*\n\s*/g, " ").replaceAll("|", "\\|");
}

/** Here the commands call themselves tasks of the repository. */
function asInPackage(text: string): string {
  return text.replaceAll("deno task ", "clerk-supabase-mirror ").replace(/<([\w-]+)>/g, "\\<$1>");
}

/** As `deno fmt` has it. */
async function format(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    cwd: new URL("../..", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error("The page can't be formatted");
  return new TextDecoder().decode(stdout);
}

const command = defineCommand("reference", "Writes the commands into docs/reference.md.")
  .action(async () => {
    const page = await Deno.readTextFile(REFERENCE_PAGE);
    await Deno.writeTextFile(REFERENCE_PAGE, await renderReference(page));
  });

if (import.meta.main) await runCommand(command);
