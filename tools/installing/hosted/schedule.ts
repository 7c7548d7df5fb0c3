import { quote } from "../sql/sql_text.ts";
import type { DatabaseState } from "./database_state.ts";
import type { ManagementApi } from "./management_api.ts";
import type { Step } from "./steps.ts";

/** The step that makes Supabase look after the mirror, with `clerk_sync.schedule()`. */
export async function scheduleStep(api: ManagementApi, database: DatabaseState): Promise<Step> {
  const isInstalled = database.naming !== undefined;
  return {
    name: "schedule",
    title: "The schedule: effects that were missed, a reconciliation every night, pruning",
    isDone: isInstalled && await isScheduled(api),
    run: async () => {
      const url = quote(`https://${api.ref}.supabase.co`);
      const key = quote(await api.readSecretKey());
      await api.execute(
        `select clerk_sync.schedule(${url}, ${key}) is not null as is_scheduled`,
        "set up the schedule",
        true,
      );
    },
  };
}

async function isScheduled(api: ManagementApi): Promise<boolean> {
  const [row] = await api.query(
    "select (clerk_sync.read_schedule() ->> 'is_scheduled')::boolean as is_scheduled",
  );
  return row?.is_scheduled === true;
}
