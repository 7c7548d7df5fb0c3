/**
 * What an installer records in the project's database: always before it creates something, and only if that
 * doesn't exist yet. So whatever is recorded is the mirror's, however the run ended, and only that is removed
 * again. Whether a step is done, the API itself says.
 */
import type { ManagementApi } from "./management_api.ts";
import { quote } from "../sql/sql_text.ts";
import { quoteJson } from "./sql_text.ts";

/** Names of the steps. */
export const DATABASE_STEP = "database";
export const THIRD_PARTY_STEP = "third-party auth";
export const EXPOSED_SCHEMA_STEP = "exposed schema";

export function functionStep(slug: string): string {
  return `function ${slug}`;
}

export function secretStep(name: string): string {
  return `secret ${name}`;
}

/** The statement that records steps, replacing earlier records of them. */
export function recordStatement(
  ...steps: [step: string, detail: Record<string, unknown>][]
): string {
  const rows = steps.map(([step, detail]) => `(${quote(step)}, ${quoteJson(detail)})`);
  return `insert into clerk_sync.installation_steps (step, detail) values ${rows.join(", ")} ` +
    "on conflict (step) do update set detail = excluded.detail, done_at = now()";
}

/** Records steps. */
export async function recordSteps(
  api: ManagementApi,
  ...steps: [step: string, detail: Record<string, unknown>][]
): Promise<void> {
  await api.execute(recordStatement(...steps), "record what is being done", true);
}

/** Deletes the records of steps. */
export async function forgetSteps(api: ManagementApi, steps: string[]): Promise<void> {
  await api.execute(
    `delete from clerk_sync.installation_steps where step in (${steps.map(quote).join(", ")})`,
    "record what was undone",
    true,
  );
}

/** Whether a record is this installer's: a migration may have made records of its own. */
export function isInstallersNote(step: string): boolean {
  return [DATABASE_STEP, THIRD_PARTY_STEP, EXPOSED_SCHEMA_STEP].includes(step) ||
    /^(?:function|secret) /.test(step);
}
