/** Lists the events that could not be applied, and sends them again through the function's own code. */
import process from "node:process";
import { styleText } from "node:util";
import type { SupabaseEnv } from "../../functions/_shared/supabase_env.ts";
import { createDatabase } from "../../functions/clerk-webhook/database.ts";
import { commandLine, defineCommand } from "./cli/command.ts";
import { formatTable } from "./cli/table.ts";
import { type DeadLetter, readDeadLetters } from "./dead_letters/read_dead_letters.ts";
import { replayDeadLetter } from "./dead_letters/replay_dead_letter.ts";
import { runningStack } from "../development/dev/folder.ts";
import { readProjectNaming } from "../development/dev/project_naming.ts";
import { readSecretKey } from "../development/dev/variables.ts";

export const command = defineCommand(
  "dead-letters",
  "Lists the events that could not be applied, and replays them after a fix.",
)
  .argument("[id...]", "Webhook ids (msg_…); all by default")
  .option("--replay", "Send them again through the function's own code", false)
  .option(
    "--url <url>",
    `The Supabase project; SUPABASE_URL, else the running "${commandLine("dev")}"`,
  )
  .option("--key <key>", "Its secret key; SUPABASE_SECRET_KEY by default")
  .option("--json", "Print the list as JSON, payloads included", false)
  .action(async (ids, { replay: isReplay, url, key, json }) => {
    const named = url ?? process.env.SUPABASE_URL;
    const stack = named === undefined ? await runningStack() : undefined;
    const supabaseUrl = named ?? stack?.apiUrl;
    const supabaseKey = key ?? await readSecretKey();
    if (!supabaseUrl) {
      throw new Error(`No project was given: add "--url", or start "${commandLine("dev")}"`);
    }
    if (!supabaseKey) throw new Error('No secret key was given: add "--key"');

    const naming = stack?.naming ?? await readProjectNaming();
    const project = { supabaseUrl, supabaseKey, naming };
    if (isReplay) return await replay(project, ids);
    await list(project, ids, json);
  });

async function list(project: SupabaseEnv, ids: string[], isJson: boolean): Promise<void> {
  const letters: DeadLetter[] = [];
  for await (const letter of readDeadLetters(project, ids)) letters.push(letter);
  complainOfMissing(ids, new Set(letters.map(({ webhook_id }) => webhook_id)));
  if (isJson) return console.log(JSON.stringify(letters, null, 2));
  if (letters.length === 0) return console.log("There are no dead letters");
  const rows = letters.map((letter) => [
    letter.webhook_id,
    letter.type,
    String(letter.attempts),
    formatAge(Date.now() - Date.parse(letter.first_failed_at)),
    letter.reason,
  ]);
  console.log(formatTable(["Webhook", "Type", "Attempts", "Age", "Reason"], rows));
}

async function replay(project: SupabaseEnv, ids: string[]): Promise<void> {
  const database = createDatabase(project);
  const found = new Set<string>();
  for await (const letter of readDeadLetters(project, ids)) {
    found.add(letter.webhook_id);
    const outcome = await replayDeadLetter(letter, database);
    const isCleared = outcome !== "dead_lettered" && outcome !== "ignored";
    if (!isCleared) process.exitCode = 1;
    const color = isCleared ? "green" : "red";
    console.log(`${letter.webhook_id} ${letter.type} ${styleText(color, outcome)}`);
  }
  complainOfMissing(ids, found);
  if (found.size === 0) console.log("There are no dead letters");
}

/** @throws {Error} if there is no dead letter with one of the given ids. */
function complainOfMissing(ids: string[], found: ReadonlySet<string>): void {
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length > 0) {
    throw new Error(`There is no dead letter with the id ${missing.join(", ")}`);
  }
}

/** @param milliseconds An age, shown in its largest unit. */
function formatAge(milliseconds: number): string {
  const units: [string, number][] = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000]];
  const [unit, length] = units.find(([, length]) => milliseconds >= length) ?? ["s", 1000];
  return `${Math.max(0, Math.floor(milliseconds / length))} ${unit}`;
}
