/** What arrived, how it ended, and what couldn't be applied. */
import { commandLine } from "../cli/command.ts";
import { ageOf, type Facts } from "./facts.ts";
import { broken, look, type StatusLine, well } from "./status_report.ts";
import {
  DUPLICATES_FROM,
  FOREIGN_WEBHOOKS_MATTER_FOR,
  LEDGER_TOO_OLD,
  POISONED_FROM,
  QUIET_AFTER,
} from "./thresholds.ts";
import { sayBytes, sayCount, sayDuration, sayNumber } from "./words.ts";

/** Rows of the ledger that `read_status()` counts; beyond that, it returns Postgres's estimate. */
const EXACT_BELOW = 10_000;

/** The lines about webhooks. */
export function judgeWebhooks(facts: Facts): StatusLine[] {
  return [
    judgeLastWebhook(facts),
    judgeEvents(facts),
    judgeDeadLetters(facts),
    judgeLedger(facts),
    judgeOtherInstances(facts),
  ];
}

const CHECK_ENDPOINT =
  "Check the endpoint in Clerk's Dashboard, under Webhooks: whether it is enabled, whether it has the " +
  "function's address, and how its last deliveries were answered";

function judgeLastWebhook(facts: Facts): StatusLine {
  const name = "Last webhook";
  const { last_webhook: last } = facts;
  if (last === null) return look(name, "None has arrived yet", CHECK_ENDPOINT);
  const age = ageOf(last.received_at, facts);
  const text = `${sayDuration(age)} ago: ${last.type}, ${sayOutcome(last.outcome)}`;
  if (age < QUIET_AFTER) return well(name, text);
  return look(
    name,
    text,
    `If this instance is not usually quiet for that long: ${lower(CHECK_ENDPOINT)}`,
  );
}

function judgeEvents({ last_hour: hour, last_day: day }: Facts): StatusLine {
  const name = "Events";
  const text = `${sayCounts(hour)} in the last hour; ${sayCounts(day)} in the last day`;
  const { applied, stale, duplicate } = day;
  if (duplicate < DUPLICATES_FROM || duplicate < (applied + stale) / 2) return well(name, text);
  return look(
    name,
    text,
    "Every event seems to arrive twice: delete the second endpoint in Clerk's Dashboard, unless a secret is " +
      "being rotated",
  );
}

function judgeDeadLetters(facts: Facts): StatusLine {
  const name = "Dead letters";
  const { count, is_at_least, oldest_received_at, reasons } = facts.dead_letters;
  if (count === 0) return well(name, "None");
  const { applied, stale, dead_lettered } = facts.last_hour;
  const age = oldest_received_at === null
    ? ""
    : `, the oldest ${sayDuration(ageOf(oldest_received_at, facts))} old`;
  const [reason = ""] = Object.entries(reasons).sort(([, one], [, other]) => other - one)[0] ?? [];
  const text = `${sayCount(count, "event", is_at_least)} could not be applied${age}. ${
    sayReason(reason)
  }`;
  const advice = `"${
    commandLine("dead-letters")
  }" lists them; once the cause is fixed, --replay applies them`;
  const isPoisoned = dead_lettered >= POISONED_FROM && dead_lettered > applied + stale;
  return isPoisoned
    ? broken(name, `Most of what arrives can't be applied: ${lower(text)}`, advice)
    : look(name, text, advice);
}

function judgeLedger(facts: Facts): StatusLine {
  const name = "Ledger";
  const { rows, bytes, oldest_received_at: oldest } = facts.ledger;
  const age = oldest === null ? undefined : ageOf(oldest, facts);
  const text = [
    rows === 0 ? "Empty" : `${rows < EXACT_BELOW ? "" : "About "}${sayCount(rows, "webhook")}`,
    sayBytes(bytes),
    ...(age === undefined ? [] : [`the oldest ${sayDuration(age)} old`]),
  ].join(", ");
  const isQuiet = facts.last_webhook === null ||
    ageOf(facts.last_webhook.received_at, facts) >= QUIET_AFTER;
  if (age === undefined || age < LEDGER_TOO_OLD || isQuiet) return well(name, text);
  return look(
    name,
    text,
    'It keeps more than its 90 days: "select clerk_sync.prune()" removes 10,000 rows each time, and the ' +
      "schedule does it every night",
  );
}

function judgeOtherInstances(facts: Facts): StatusLine {
  const name = "Other instances";
  const { instance_id, foreign_webhooks } = facts.instance;
  const own = instance_id === null ? "no instance yet" : `"${instance_id}"`;
  const [latest] = foreign_webhooks;
  if (latest === undefined) {
    return well(name, `The mirror belongs to ${own}, and no other sends webhooks`);
  }
  const age = ageOf(latest.last_received_at, facts);
  const count = foreign_webhooks.reduce((sum, { delivery_count }) => sum + delivery_count, 0);
  const text = `The mirror belongs to ${own}; not applied: ${
    sayCount(count, "webhook")
  } of other instances, the last one from "${latest.instance_id}" ${sayDuration(age)} ago`;
  if (age >= FOREIGN_WEBHOOKS_MATTER_FOR) return well(name, text);
  return look(
    name,
    text,
    `Delete that instance's endpoint; or, if it is the right one, run "${
      commandLine("instance --move <instance>")
    }"`,
  );
}

function sayCounts(counts: Facts["last_hour"]): string {
  const { applied, stale, duplicate, dead_lettered, is_at_least } = counts;
  const words = [
    `${sayNumber(applied, is_at_least)} applied`,
    `${sayNumber(stale)} stale`,
    `${sayNumber(duplicate)} duplicate`,
    ...(dead_lettered > 0 ? [`${sayNumber(dead_lettered)} dead-lettered`] : []),
  ];
  return words.join(", ");
}

function sayOutcome(outcome: string): string {
  return outcome.replace("_", "-");
}

function sayReason(reason: string): string {
  return /^[0-9A-Z]{5}$/.test(reason)
    ? `Most often, Postgres refused them with SQLSTATE ${reason}`
    : `Most often: ${reason}`;
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
