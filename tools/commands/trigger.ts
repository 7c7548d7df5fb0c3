/** Sends a realistic, correctly signed event to the running function, or to any other. */
import process from "node:process";
import { styleText } from "node:util";
import { choose } from "./cli/choose.ts";
import { commandLine, defineCommand } from "./cli/command.ts";
import { wholeNumber } from "./cli/numbers.ts";
import { styleOutcome } from "./cli/style_outcome.ts";
import { runningStack } from "../development/dev/folder.ts";
import { readSigningSecret } from "../development/dev/variables.ts";
import { type Answer, deliver } from "../development/events/deliver.ts";
import { newId } from "../development/events/new_id.ts";
import { type SampleEvent, sampleEvent, sampleTypes } from "../development/events/sample_event.ts";
import { signedRequest } from "../development/events/signed_request.ts";

/** Where `supabase start` serves functions too. */
const DEFAULT_URL = "http://127.0.0.1:54321/functions/v1/clerk-webhook";

/** Milliseconds between an event and the older one that is delivered after it. */
const AGE = 60_000;

interface Delivery {
  event: SampleEvent;
  id: string;
}

export const command = defineCommand(
  "trigger",
  "Sends a realistic, correctly signed event to the running function, or to any other.",
)
  .argument("[type]", "The event type; --list lists them")
  .option(
    "--data <path>=<value>",
    `Set a field of the event's data, such as "organization.name=Acme". The value is JSON if it can be
read as such. A new id replaces the old one everywhere. May be repeated`,
    (text: string, data: Record<string, unknown>) => ({ ...data, ...parseAssignment(text) }),
    {},
  )
  .option(
    "--repeat <times>",
    "Deliver the same webhook several times",
    wholeNumber("--repeat", { from: 1, to: 1000 }),
    1,
  )
  .option("--out-of-order", "Then deliver an older event of the same object", false)
  .option("--id <id>", "The webhook's id (svix-id); a new one by default")
  .option("--url <url>", `Where to; the running "${commandLine("dev")}" by default`)
  .option("--secret <secret>", "What to sign with; CLERK_WEBHOOK_SIGNING_SECRET by default")
  .option("--list", "List the types", false)
  .addHelpText(
    "after",
    `
Examples:
  ${commandLine("trigger user.created")}
  ${commandLine("trigger user.updated")} --data id=user_… --data first_name=Grace`,
  )
  .action(async (type, options) => {
    if (options.list) return console.log(sampleTypes().join("\n"));
    if (type === undefined) throw new Error('Name an event type, such as "user.created"');
    choose(type, sampleTypes(), "event type");
    const { data } = options;
    const event = sampleEvent(type, { data });
    const deliveries = plan(event, data, {
      id: options.id ?? newId("msg"),
      times: options.repeat,
      isOutOfOrder: options.outOfOrder,
    });

    const url = options.url ?? (await runningStack())?.webhookUrl ?? DEFAULT_URL;
    const secret = options.secret ?? await readSigningSecret();
    if (secret === undefined) {
      throw new Error(
        `No signing secret is known: start "${commandLine("dev")}" first, or give "--secret"`,
      );
    }
    for (const delivery of deliveries) {
      // Without an instance: a mirror that doesn't know its own yet must not adopt the sample's.
      const body = JSON.stringify({ ...delivery.event, instance_id: undefined });
      const answer = await deliver(signedRequest(url, secret, body, { id: delivery.id }));
      print(delivery, answer);
      if (answer.status >= 400) process.exitCode = 1;
    }
  });

function plan(
  event: SampleEvent,
  data: Record<string, unknown>,
  options: { id: string; times: number; isOutOfOrder: boolean },
): Delivery[] {
  const deliveries = Array.from({ length: options.times }, () => ({ event, id: options.id }));
  if (!options.isOutOfOrder) return deliveries;
  // Before a deletion comes a change of the object, not an earlier deletion.
  const type = event.type.replace(/\.deleted$/, ".updated");
  const older = sampleEvent(type, {
    data: { ...data, id: event.data.id },
    at: event.timestamp - AGE,
  });
  return [...deliveries, { event: older, id: newId("msg") }];
}

function parseAssignment(text: string): Record<string, unknown> {
  const [, path, value] = /^(?:data\.)?([^=]+)=(.*)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined) {
    throw new Error(`"--data ${text}" is not of the form "path=value"`);
  }
  return { [path]: parseValue(value) };
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function print({ event, id }: Delivery, answer: Answer): void {
  const ids = styleText("dim", `${event.data.id} ${id}`);
  const { status, duration } = answer;
  console.log(`${event.type} ${ids} ${status} ${styleOutcome(answer)} ${duration.toFixed(0)} ms`);
}
