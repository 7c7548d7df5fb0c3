import { z } from "zod";
import type { Naming } from "../../../functions/_shared/naming.ts";
import { compareVersions } from "../../../functions/_shared/compare_versions.ts";
import { INSTALLED_NAMING } from "../sql/installed_naming.ts";
import type { ManagementApi, Row } from "./management_api.ts";

/** What is known about a step that an installer has taken, by its name. Nothing secret. */
export type StepRecords = ReadonlyMap<string, Record<string, unknown>>;

/** What a project's database has of the mirror. */
export interface DatabaseState {
  /** Its releases, oldest first; none if the mirror isn't installed. */
  releases: string[];
  /** What the mirror is called there; undefined if it isn't installed. */
  naming: Naming | undefined;
  /** What the installer has set up around it. */
  steps: StepRecords;
  /** Whether there is a schema `clerk_sync` without a release of the mirror in it. */
  isHalfInstalled: boolean;
  /** The versions of all migrations in the history. */
  migrations: string[];
}

const OVERVIEW = z.tuple([z.object({
  has_schema: z.boolean(),
  has_releases: z.boolean(),
  has_history: z.boolean(),
  naming: z.object({ schema: z.string(), prefix: z.string() }).nullable(),
})]);

const CONTENTS = z.tuple([z.object({
  releases: z.array(z.string()),
  steps: z.array(z.object({ step: z.string(), detail: z.record(z.string(), z.unknown()) })),
})]);

const HISTORY = z.tuple([z.object({ versions: z.array(z.string()) })]);

const LOOK_AROUND = `
select
  to_regnamespace('clerk_sync') is not null as has_schema,
  to_regclass('clerk_sync.releases') is not null
    and to_regclass('clerk_sync.installation_steps') is not null as has_releases,
  to_regclass('supabase_migrations.schema_migrations') is not null as has_history,
  (select to_jsonb(named) from (${INSTALLED_NAMING}) as named) as naming`;

const LOOK_INSIDE = `
select
  coalesce((select jsonb_agg(version) from clerk_sync.releases), '[]') as releases,
  coalesce(
    (
      select jsonb_agg(jsonb_build_object('step', step, 'detail', detail) order by step)
      from clerk_sync.installation_steps
    ),
    '[]'
  ) as steps`;

const LOOK_BACK = `
select coalesce(jsonb_agg(version), '[]') as versions
from supabase_migrations.schema_migrations`;

/** Looks at a project's database. */
export async function readDatabaseState(api: ManagementApi): Promise<DatabaseState> {
  const [overview] = read(OVERVIEW, await api.query(LOOK_AROUND));
  const isInstalled = overview.has_releases && overview.naming !== null;
  const [contents] = isInstalled
    ? read(CONTENTS, await api.query(LOOK_INSIDE))
    : [{ releases: [], steps: [] }];
  const [history] = overview.has_history
    ? read(HISTORY, await api.query(LOOK_BACK))
    : [{ versions: [] }];
  return {
    releases: contents.releases.sort(compareVersions),
    naming: isInstalled ? overview.naming ?? undefined : undefined,
    steps: new Map(contents.steps.map(({ step, detail }) => [step, detail])),
    isHalfInstalled: overview.has_schema && !isInstalled,
    migrations: history.versions,
  };
}

function read<Value>(schema: z.ZodType<Value>, rows: Row[]): Value {
  const result = schema.safeParse(rows);
  if (result.success) return result.data;
  throw new Error("The database's answer does not have the expected form", { cause: result.error });
}
