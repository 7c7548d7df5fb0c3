/** A hosted project to install into: a real database without the mirror, and the Management API over it. */
import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import type postgres from "postgres";
import type { Naming } from "../../functions/_shared/naming.ts";
import { install, type InstallOptions } from "../../tools/hosted/install.ts";
import { createManagementApi } from "../../tools/hosted/management_api.ts";
import type { HostedSession } from "../../tools/hosted/session.ts";
import { uninstall } from "../../tools/hosted/uninstall.ts";
import { upgrade } from "../../tools/hosted/upgrade.ts";
import { buildContents } from "../../tools/package/build_contents.ts";
import type { Contents } from "../../tools/package/contents.ts";
import {
  type LoopbackManagement,
  type ManagementOptions,
  PROJECT_REF,
  startManagementApi,
} from "./management_api.ts";
import { openOwnMirror, type OwnMirror } from "./mirror.ts";
import { startProjects } from "./projects.ts";

/** What is installed: built once for a test file. */
let contents: Promise<Contents> | undefined;

export function packagedContents(): Promise<Contents> {
  contents ??= buildContents();
  return contents;
}

/** A project: its database, and the API over it. */
export interface HostedProject extends AsyncDisposable {
  api: LoopbackManagement;
  databaseUrl: string;
  /** The database as its owner. */
  sql: postgres.Sql;
}

/** Makes a project without the mirror, on a server of its own. */
export async function openHostedProject(
  management: Partial<ManagementOptions> = {},
): Promise<HostedProject> {
  const cleanUp = new AsyncDisposableStack();
  try {
    const { databaseUrl, sql } = await cleanUp.use(await startProjects()).open();
    const api = cleanUp.use(await startManagementApi({ databaseUrl, ...management }));
    return { api, databaseUrl, sql, [Symbol.asyncDispose]: () => cleanUp.disposeAsync() };
  } catch (error) {
    await cleanUp.disposeAsync();
    throw error;
  }
}

/** A project whose REST API and functions are served as well. */
export interface ServedProject extends HostedProject {
  mirror: OwnMirror;
}

/** Starts a project without the mirror, in which it is going to be called so. */
export async function openServedProject(naming: Naming): Promise<ServedProject> {
  const cleanUp = new AsyncDisposableStack();
  try {
    const mirror = cleanUp.use(await openOwnMirror({ fill: async () => {}, naming }));
    const { databaseUrl, sql } = mirror;
    const api = cleanUp.use(await startManagementApi({ databaseUrl }));
    return { api, databaseUrl, sql, mirror, [Symbol.asyncDispose]: () => cleanUp.disposeAsync() };
  } catch (error) {
    await cleanUp.disposeAsync();
    throw error;
  }
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
      schedule: false,
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

/** The history of migrations, as the CLI reads it. */
export async function readHistory(sql: postgres.Sql): Promise<{ version: string; name: string }[]> {
  const [table] = await sql`select to_regclass('supabase_migrations.schema_migrations') as name`;
  if (table?.name === null) return [];
  const rows = await sql`
    select version, name from supabase_migrations.schema_migrations order by version`;
  return rows.map(({ version, name }) => ({ version, name }));
}
