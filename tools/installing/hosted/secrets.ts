import { createHash } from "node:crypto";
import { readConfig } from "../../../functions/clerk-webhook/env.ts";
import { readEffectsConfig } from "../../../functions/clerk-effects/env.ts";
import { Misconfiguration } from "../../../functions/_shared/misconfiguration.ts";
import { EFFECT_VARIABLES, REFRESH_VARIABLES } from "../../development/dev/variables.ts";
import type { StepRecords } from "./database_state.ts";
import type { ManagementApi, Secret } from "./management_api.ts";
import { recordSteps, secretStep } from "./step_records.ts";
import type { Step } from "./steps.ts";

/** The one that the functions can't work without. */
export const SIGNING_SECRET = "CLERK_WEBHOOK_SIGNING_SECRET";

/** What the functions read, in addition to what Supabase sets. */
const NAMES = [
  SIGNING_SECRET,
  "CLERK_INSTANCE_ID",
  ...REFRESH_VARIABLES,
  ...EFFECT_VARIABLES,
];

/** A secret to set, and what the project has under that name. */
export interface SecretPlan {
  name: string;
  value: string;
  state: "missing" | "current" | "outdated" | "foreign";
}

/**
 * The functions' variables that are given.
 *
 * @throws {Misconfiguration} if the functions would refuse one of them.
 */
export function readGivenSecrets(
  configured: (name: string) => string | undefined,
): Record<string, string> {
  const given = Object.fromEntries(NAMES.flatMap((name) => {
    const value = name === SIGNING_SECRET
      ? configured(name) ?? configured("CLERK_WEBHOOK_SECRET")
      : configured(name);
    return value === undefined ? [] : [[name, value]];
  }));
  checkAsFunctionsDo(given);
  return given;
}

/** A misconfigured function answers every webhook with 500: better to say so now. */
function checkAsFunctionsDo(given: Record<string, string>): void {
  const env = new Map(Object.entries({
    ...given,
    SUPABASE_URL: "https://example.supabase.co",
    SUPABASE_SECRET_KEYS: '{"default":"sb_secret"}',
  }));
  const configs = [
    ...(given[SIGNING_SECRET] === undefined ? [] : [readConfig(env)]),
    readEffectsConfig(env),
  ];
  for (const config of configs) if (config instanceof Misconfiguration) throw config;
}

/** Compares what the project has with what it should have. */
export function planSecrets(
  given: Record<string, string>,
  there: Secret[],
  records: StepRecords,
): SecretPlan[] {
  return Object.entries(given).map(([name, value]) => {
    const secret = there.find((one) => one.name === name);
    const state = secret === undefined
      ? "missing"
      : isValue(secret, value)
      ? "current"
      : records.has(secretStep(name))
      ? "outdated"
      : "foreign";
    return { name, value, state };
  });
}

/** The API shows a digest in place of a secret. */
function isValue(secret: Secret, value: string): boolean {
  const digest = createHash("sha256").update(value).digest("hex");
  return secret.value === digest || secret.value === value;
}

/** The step that sets those that aren't set, or have another value; undefined if none is given. */
export function secretsStep(
  api: ManagementApi,
  plans: SecretPlan[],
  records: StepRecords,
): Step | undefined {
  if (plans.length === 0) return undefined;
  const open = plans.filter(({ state }) => state !== "current");
  const names = (open.length > 0 ? open : plans).map(({ name }) => name).join(", ");
  return {
    name: `secrets ${names}`,
    title: `Secrets of the functions: ${names}`,
    isDone: open.length === 0,
    run: () => setSecrets(api, open, records),
  };
}

/** Sets secrets. Those that existed before are recorded, so that an uninstall doesn't delete them. */
export async function setSecrets(
  api: ManagementApi,
  plans: SecretPlan[],
  records: StepRecords,
): Promise<void> {
  await recordSteps(
    api,
    ...plans.map(({ name, state }): [string, Record<string, unknown>] => [
      secretStep(name),
      state === "foreign" ? { isReplaced: true } : records.get(secretStep(name)) ?? {},
    ]),
  );
  await api.setSecrets(Object.fromEntries(plans.map(({ name, value }) => [name, value])));
}
