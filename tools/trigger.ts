/** Sends a realistic, correctly signed event to the running function, or to any other. */
import { parseArgs, styleText } from "node:util";
import { styleOutcome } from "./cli/style_outcome.ts";
import { runMain } from "./cli/run_main.ts";
import { runningStack } from "./dev/folder.ts";
import { readSigningSecret } from "./dev/variables.ts";
import { type Answer, deliver } from "./events/deliver.ts";
import { newId } from "./events/new_id.ts";
import { type SampleEvent, sampleEvent, sampleTypes } from "./events/sample_event.ts";
import { signedRequest } from "./events/signed_request.ts";

const USAGE = `Usage: deno task trigger <type> [options]

  deno task trigger user.created
  deno task trigger user.updated --data id=user_… --data first_name=Grace

Options:
  --data <path>=<value>   Set a field of the event's data, such as "organization.name=Acme". The value
                          is JSON if it can be read as such. A new id replaces the old one everywhere
  --repeat <times>        Deliver the same webhook several times
  --out-of-order          Then deliver an older event of the same object
  --id <id>               The webhook's id (svix-id); a fresh one by default
  --url <url>             Where to; the running "deno task dev" by default
  --secret <secret>       What to sign with; CLERK_WEBHOOK_SIGNING_SECRET by default
  --list                  List the types`;

/** Where \`supabase start\` serves functions too. */
const DEFAULT_URL = "http://127.0.0.1:54321/functions/v1/clerk-webhook";

/** Milliseconds between an event and the older one that is delivered after it. */
const AGE = 60_000;

interface Delivery {
  event: SampleEvent;
  id: string;
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      data: { type: "string", multiple: true, default: [] },
      repeat: { type: "string", default: "1" },
      "out-of-order": { type: "boolean", default: false },
      id: { type: "string" },
      url: { type: "string" },
      secret: { type: "string" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [type, ...rest] = positionals;
  if (values.help) return console.log(USAGE);
  if (values.list) return console.log(sampleTypes().join("\n"));
  if (type === undefined || rest.length > 0) throw new Error(`Name one type\n\n${USAGE}`);

  const url = values.url ?? (await runningStack())?.webhookUrl ?? DEFAULT_URL;
  const secret = values.secret ?? await readSigningSecret();
  if (secret === undefined) {
    throw new Error('No signing secret is known: start "deno task dev" first, or give "--secret"');
  }
  const data = Object.fromEntries(values.data.map(parseAssignment));
  const event = sampleEvent(type, { data });
  const deliveries = plan(event, data, {
    id: values.id ?? newId("msg"),
    times: parseTimes(values.repeat),
    isOutOfOrder: values["out-of-order"],
  });
  for (const delivery of deliveries) {
    const body = JSON.stringify(delivery.event);
    const answer = await deliver(signedRequest(url, secret, body, { id: delivery.id }));
    print(delivery, answer);
    if (answer.status >= 400) Deno.exitCode = 1;
  }
}

function plan(
  event: SampleEvent,
  data: Record<string, unknown>,
  options: { id: string; times: number; isOutOfOrder: boolean },
): Delivery[] {
  const deliveries = Array.from({ length: options.times }, () => ({ event, id: options.id }));
  if (!options.isOutOfOrder) return deliveries;
  // What comes before a deletion is a change of the object, not an earlier deletion.
  const type = event.type.replace(/\.deleted$/, ".updated");
  const older = sampleEvent(type, {
    data: { ...data, id: event.data.id },
    at: event.timestamp - AGE,
  });
  return [...deliveries, { event: older, id: newId("msg") }];
}

function parseAssignment(text: string): [string, unknown] {
  const [, path, value] = /^(?:data\.)?([^=]+)=(.*)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined) {
    throw new Error(`"--data ${text}" is not of the form "path=value"`);
  }
  return [path, parseValue(value)];
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function parseTimes(text: string): number {
  const times = Number(text);
  if (!Number.isInteger(times) || times < 1 || times > 1000) {
    throw new Error(`"--repeat ${text}" is not a whole number from 1 to 1000`);
  }
  return times;
}

function print({ event, id }: Delivery, answer: Answer): void {
  const ids = styleText("dim", `${event.data.id} ${id}`);
  const { status, duration } = answer;
  console.log(`${event.type} ${ids} ${status} ${styleOutcome(answer)} ${duration.toFixed(0)} ms`);
}

await runMain(main);
