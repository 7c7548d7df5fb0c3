/** A hosted project to install into: a real database without the mirror, and the Management API over it. */
import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import type postgres from "postgres";
import { install, type InstallOptions } from "../../tools/hosted/install.ts";
import { createManagementApi } from "../../tools/hosted/management_api.ts";
import type { HostedSession } from "../../tools/hosted/session.ts";
import { uninstall } from "../../tools/hosted/uninstall.ts";
import { upgrade } from "../../tools/hosted/upgrade.ts";
import { buildContents } from "../../tools/package/build_contents.ts";
import type { Contents } from "../../tools/package/contents.ts";
import type { StackOptions } from "../../tools/stack/stack.ts";
import {
  type LoopbackManagement,
  type ManagementOptions,
  PROJECT_REF,
  startManagementApi,
} from "./management_api.ts";
import { openOwnMirror, type OwnMirror } from "./mirror.ts";

/** What is installed: built once for a test file. */
let contents: Promise<Contents> | undefined;

export function packagedContents(): Promise<Contents> {
  contents ??= buildContents();
  return contents;
}

/** A project. */
export interface HostedProject extends AsyncDisposable {
  mirror: OwnMirror;
  api: LoopbackManagement;
}

/** Starts a project, without the mirror. */
export async function openHostedProject(
  { stack = {}, management = {} }: {
    stack?: StackOptions;
    management?: Partial<ManagementOptions>;
  } = {},
): Promise<HostedProject> {
  const mirror = await openOwnMirror({ fill: async () => {}, ...stack });
  const api = await startManagementApi({ databaseUrl: mirror.databaseUrl, ...management });
  return {
    mirror,
    api,
    async [Symbol.asyncDispose]() {
      try {
        await api[Symbol.asyncDispose]();
      } finally {
        await mirror[Symbol.asyncDispose]();
      }
    },
  };
}

const COMMANDS = { install, upgrade, uninstall };

/** How a command is run. */
export interface RunOptions extends Partial<InstallOptions> {
  /** In place of the environment. */
  variables?: Record<string, string>;
  /** In place of what is packaged. */
  contents?: Contents;
  /** Milliseconds that a request may take. */
  timeout?: number;
  token?: string;
}

/** What a command said, and its result. */
export interface Run {
  output: string;
  // deno-lint-ignore no-explicit-any -- tests look into it as they like
  result: any;
}

/**
 * Runs a command as its command line does, by this process. What it says, or throws, has no token in it.
 *
 * @throws {Error} what the command throws.
 */
export async function run(
  command: keyof typeof COMMANDS,
  api: LoopbackManagement,
  { variables = {}, contents, timeout = 60_000, token = api.token, ...options }: RunOptions = {},
): Promise<Run> {
  const lines: string[] = [];
  let result: unknown;
  const projectRef = options.projectRef ?? PROJECT_REF;
  const session: HostedSession = {
    api: createManagementApi(projectRef, {
      apiUrl: api.url,
      token,
      timeout,
      firstPause: 1,
      onPause: (reason) => lines.push(reason),
    }),
    contents: contents ?? await packagedContents(),
    output: {
      say: (line) => lines.push(line),
      result(value) {
        result = value;
      },
    },
    configured: (name) => variables[name],
  };
  const output = () => stripVTControlCharacters(lines.join("\n"));
  try {
    await COMMANDS[command](session, {
      projectRef,
      yes: true,
      dryRun: false,
      json: false,
      force: false,
      ...options,
    });
  } catch (error) {
    assertSecret(`${error}\n${output()}`, api, variables);
    throw error;
  }
  assertSecret(output() + JSON.stringify(result), api, variables);
  return { output: output(), result };
}

function assertSecret(
  text: string,
  { token }: LoopbackManagement,
  variables: Record<string, string>,
): void {
  assert.ok(!text.includes(token), "the token is printed nowhere");
  for (const [name, value] of Object.entries(variables)) {
    if (/SECRET/.test(name)) assert.ok(!text.includes(value), `${name} is printed nowhere`);
  }
}

/** Everything that a database holds besides rows, but for the history of migrations. */
export async function readCatalog(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql`
    with spaces as (
      select oid, nspname as name from pg_namespace
      where nspname !~ '^(pg_|information_schema$|supabase_migrations$)'
    )
    select format('schema %s %s %s', name, nspacl, obj_description(pg_namespace.oid)) as line
    from spaces join pg_namespace using (oid)
    union all
    select format('relation %s.%s %s %s %s', name, relname, relkind, relacl, relrowsecurity)
    from spaces join pg_class on relnamespace = spaces.oid
    union all
    select format('column %s.%s.%s %s %s', name, relname, attname, atttypid::regtype, attnotnull)
    from spaces join pg_class on relnamespace = spaces.oid
    join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
    union all
    select format('function %s.%s %s %s', name, pg_proc.oid::regprocedure, proacl, md5(prosrc))
    from spaces join pg_proc on pronamespace = spaces.oid
    union all
    select format('type %s.%s %s', name, typname, typacl)
    from spaces join pg_type on typnamespace = spaces.oid
    union all
    select format('constraint %s.%s %s', name, conname, pg_get_constraintdef(pg_constraint.oid))
    from spaces join pg_constraint on connamespace = spaces.oid
    union all
    select format('policy %s.%s %s %s', schemaname, tablename, policyname, roles)
    from pg_policies
    union all
    select format('default %s %s %s', defaclnamespace::regnamespace, defaclobjtype, defaclacl)
    from pg_default_acl
    order by 1`;
  return rows.map(({ line }) => line);
}

/** The history of migrations, as the CLI reads it. */
export async function readHistory(sql: postgres.Sql): Promise<{ version: string; name: string }[]> {
  const [table] = await sql`select to_regclass('supabase_migrations.schema_migrations') as name`;
  if (table?.name === null) return [];
  const rows = await sql`
    select version, name from supabase_migrations.schema_migrations order by version`;
  return rows.map(({ version, name }) => ({ version, name }));
}
