/**
 * The main job, from end to end, in a throwaway stack: signed webhooks go in over HTTP, and users read the
 * results with supabase-js under row level security.
 */
import { styleText } from "node:util";
import { createClient } from "@supabase/supabase-js";
import { defineCommand, runCommand } from "../commands/cli/command.ts";
import { styleOutcome } from "../commands/cli/style_outcome.ts";
import { formatTable } from "../commands/cli/table.ts";
import { type Answer, deliver } from "./events/deliver.ts";
import { newId } from "./events/new_id.ts";
import { newSigningSecret, signedRequest } from "./events/signed_request.ts";
import { type Step, tellStory } from "./events/story.ts";
import { sessionToken } from "./stack/session_token.ts";
import { serveWebhook } from "./stack/serve_webhook.ts";
import { type Stack, startStack } from "./stack/stack.ts";

const TABLES = ["profiles", "session_logs", "organizations", "organization_memberships"] as const;

/** Milliseconds. The story took place in the last few minutes, so that nothing is in the future. */
const BEGINNING = Date.now() - 10 * 60_000;

const { ada, grace, opening, ending } = tellStory(BEGINNING);

async function play(steps: Step[], url: string, secret: string): Promise<void> {
  const rows: string[][] = [];
  for (const { what, event, id, isForged } of steps) {
    const signingSecret = isForged ? newSigningSecret() : secret;
    const options = id === undefined ? {} : { id };
    const answer = await deliver(
      signedRequest(url, signingSecret, JSON.stringify(event), options),
    );
    rows.push([what, event.type, ...describe(answer)]);
  }
  console.log(formatTable(["What happens", "Webhook", "Answer", "", "Time"], rows));
}

function describe(answer: Answer): string[] {
  return [String(answer.status), styleOutcome(answer), `${answer.duration.toFixed(0)} ms`];
}

function clientOf(stack: Stack, userId?: string) {
  const { publishableKey, jwtSecret } = stack.keys;
  return userId === undefined
    ? createClient(stack.apiUrl, publishableKey)
    : createClient(stack.apiUrl, publishableKey, {
      accessToken: () => sessionToken(userId, jwtSecret),
    });
}

async function showWhatAdaReads(stack: Stack): Promise<void> {
  const supabase = clientOf(stack, ada);
  const { data: profiles } = await supabase.from("profiles").select("first_name, last_name, email");
  const { data: sessions } = await supabase.from("session_logs").select(
    "status, browser_name, city",
  );
  const { data: organizations } = await supabase
    .from("organizations")
    .select("name, organization_memberships(first_name, last_name, role)");
  const read = Object.entries({ profiles, session_logs: sessions, organizations });
  for (const [table, rows] of read) {
    console.log(`  ${styleText("bold", table)}`);
    for (const row of rows ?? []) console.log(`    ${JSON.stringify(row)}`);
  }
}

async function showWhoReadsWhat(stack: Stack): Promise<void> {
  const readers = {
    Ada: clientOf(stack, ada),
    Grace: clientOf(stack, grace),
    "A stranger": clientOf(stack, newId("user")),
    "Not signed in": clientOf(stack),
  };
  const rows = Object.entries(readers).map(async ([reader, supabase]) => {
    const counts = TABLES.map(async (table) => {
      const { data, error } = await supabase.from(table).select("id");
      return error ? styleText("red", "denied") : String(data.length);
    });
    return [reader, ...await Promise.all(counts)];
  });
  console.log(formatTable(["Rows that can be read", ...TABLES], await Promise.all(rows)));
}

function heading(text: string): void {
  console.log(`\n${styleText(["bold", "cyan"], text)}\n`);
}

const command = defineCommand(
  "demo",
  "Shows the main job from end to end in a throwaway stack: signed webhooks in, rows out.",
).action(async () => {
  console.log("Starting Postgres, the migrations, the REST API and the function …");
  const secret = newSigningSecret();
  const stack = await startStack();
  try {
    const url = serveWebhook(stack, { CLERK_WEBHOOK_SIGNING_SECRET: secret }, { log: () => {} });
    heading("Signed webhooks, as Clerk sends them");
    await play(opening, url, secret);
    heading("What Ada reads with supabase-js");
    await showWhatAdaReads(stack);
    heading("Who reads what, under row level security");
    await showWhoReadsWhat(stack);
    heading("Leaving");
    await play(ending, url, secret);
    heading("Who reads what now");
    await showWhoReadsWhat(stack);
    console.log(`\nNext: ${styleText("bold", "npx deno task dev")} keeps such a stack running.`);
  } finally {
    await stack.stop();
  }
});

await runCommand(command);
