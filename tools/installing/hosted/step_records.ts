/**
 * What an installer notes in the project's database: always before it makes something, and only where that
 * isn't there yet. So what is noted is the mirror's, however the run ended, and only that is taken back.
 * Whether it is done, the API itself tells.
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

/** The statement that notes steps, over earlier notes of them. */
export function recordStatement(
  ...steps: [step: string, detail: Record<string, unknown>][]
): string {
  const rows = steps.map(([step, detail]) => `(${quote(step)}, ${quoteJson(detail)})`);
  return `insert into clerk_sync.installation_steps (step, detail) values ${rows.join(", ")} ` +
    "on conflict (step) do update set detail = excluded.detail, done_at = now()";
}

/** Notes steps. */
export async function recordSteps(
  api: ManagementApi,
  ...steps: [step: string, detail: Record<string, unknown>][]
): Promise<void> {
  await api.execute(recordStatement(...steps), "note what is being done", true);
}

/** Forgets steps. */
export async function forgetSteps(api: ManagementApi, steps: string[]): Promise<void> {
  await api.execute(
    `delete from clerk_sync.installation_steps where step in (${steps.map(quote).join(", ")})`,
    "note what was undone",
    true,
  );
}

/** Whether a note is of this installer: a migration may have made notes of its own. */
export function isInstallersNote(step: string): boolean {
  return [DATABASE_STEP, THIRD_PARTY_STEP, EXPOSED_SCHEMA_STEP].includes(step) ||
    /^(?:function|secret) /.test(step);
}
