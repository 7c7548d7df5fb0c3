/**
 * The main job, from end to end, in a throw-away stack: signed webhooks go in over HTTP, and users
 * read what became of them with supabase-js under row level security.
 */
import { styleText } from "node:util";
import { createClient } from "@supabase/supabase-js";
import { defineCommand, runCommand } from "./cli/command.ts";
import { styleOutcome } from "./cli/style_outcome.ts";
import { formatTable } from "./cli/table.ts";
import { type Answer, deliver } from "./events/deliver.ts";
import { newId } from "./events/new_id.ts";
import { type SampleEvent, sampleEvent } from "./events/sample_event.ts";
import { newSigningSecret, signedRequest } from "./events/signed_request.ts";
import { sessionToken } from "./stack/session_token.ts";
import { serveWebhook } from "./stack/serve_webhook.ts";
import { type Stack, startStack } from "./stack/stack.ts";

const TABLES = ["profiles", "session_logs", "organizations", "organization_memberships"] as const;

/** Milliseconds. The story took place in the past minutes, so that nothing is in the future. */
const BEGINNING = Date.now() - 10 * 60_000;

const ada = newId("user", BEGINNING);
const grace = newId("user", BEGINNING);
const engines = newId("org", BEGINNING);
const adasMembership = newId("orgmem", BEGINNING);
const gracesMembership = newId("orgmem", BEGINNING);

interface Step {
  what: string;
  event: SampleEvent;
  /** The message id, to send the same webhook again. */
  id?: string;
  /** Signs with a secret that is not ours. */
  isForged?: boolean;
}

function member(userId: string, membershipId: string, name: [string, string], role: string) {
  return {
    id: membershipId,
    role,
    "organization.id": engines,
    "public_user_data.user_id": userId,
    "public_user_data.first_name": name[0],
    "public_user_data.last_name": name[1],
    "public_user_data.identifier": `${name[0].toLowerCase()}@example.com`,
  };
}

function at(minute: number): number {
  return BEGINNING + minute * 60_000;
}

function story(): { opening: Step[]; ending: Step[] } {
  const signUp = newId("msg");
  const created = sampleEvent("user.created", { at: at(0), data: { id: ada } });
  const asGrace = member(grace, gracesMembership, ["Grace", "Hopper"], "org:member");
  return {
    opening: [
      { what: "Ada signs up", event: created, id: signUp },
      {
        what: "Ada signs in",
        event: sampleEvent("session.created", { at: at(1), data: { user_id: ada } }),
      },
      {
        what: "Ada becomes a member, told before the organization",
        event: sampleEvent("organizationMembership.created", {
          at: at(2),
          data: member(ada, adasMembership, ["Ada", "Lovelace"], "org:admin"),
        }),
      },
      {
        what: "The organization follows",
        event: sampleEvent("organization.created", {
          at: at(2),
          data: { id: engines, created_by: ada },
        }),
      },
      {
        what: "Grace joins, told before her user",
        event: sampleEvent("organizationMembership.created", { at: at(3), data: asGrace }),
      },
      { what: "The sign-up, delivered once more", event: created, id: signUp },
      {
        what: "Ada changes her name",
        event: sampleEvent("user.updated", {
          at: at(6),
          data: { id: ada, first_name: "Augusta Ada" },
        }),
      },
      {
        what: "An earlier change of hers arrives late",
        event: sampleEvent("user.updated", { at: at(5), data: { id: ada, first_name: "A." } }),
      },
      {
        what: "Somebody forges a webhook",
        event: sampleEvent("user.deleted", { at: at(7), data: { id: ada } }),
        isForged: true,
      },
    ],
    ending: [
      {
        what: "Grace leaves the organization",
        event: sampleEvent("organizationMembership.deleted", { at: at(8), data: asGrace }),
      },
      {
        what: "Ada deletes her account",
        event: sampleEvent("user.deleted", { at: at(9), data: { id: ada } }),
      },
      {
        what: "A change of hers arrives after that",
        event: sampleEvent("user.updated", { at: at(8), data: { id: ada } }),
      },
    ],
  };
}

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
  "Shows the main job from end to end in a throw-away stack: signed webhooks in, rows out.",
).action(async () => {
  console.log("Starting Postgres, the migrations, the REST API and the function …");
  const secret = newSigningSecret();
  const stack = await startStack();
  try {
    const url = serveWebhook(stack, { CLERK_WEBHOOK_SIGNING_SECRET: secret }, { log: () => {} });
    const { opening, ending } = story();
    heading("Signed webhooks, as Clerk sends them");
    await play(opening, url, secret);
    heading("What Ada reads with supabase-js");
    await showWhatAdaReads(stack);
    heading("Who reads what, under row level security");
    await showWhoReadsWhat(stack);
    heading("An end");
    await play(ending, url, secret);
    heading("Who reads what now");
    await showWhoReadsWhat(stack);
    console.log(`\nNext: ${styleText("bold", "npx deno task dev")} keeps such a stack running.`);
  } finally {
    await stack.stop();
  }
});

await runCommand(command);
