import { join } from "node:path";
import postgres from "postgres";
import { installedNaming, isSameNaming, type Naming } from "../../../functions/_shared/naming.ts";
import { readReleases } from "../../packaging/releases.ts";
import { renderRelease } from "../../installing/sql/render_migration.ts";
import { pushMigrations } from "./supabase_cli.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { createRestApi, type RestApi } from "./rest_api.ts";

/** Serves one Edge Function: what its `export default { fetch }` does. */
export type ServeFunction = (request: Request) => Response | Promise<Response>;

/** Keys of the API, as `supabase start` prints them. */
export interface ApiKeys {
  publishableKey: string;
  secretKey: string;
  /** Signs the tokens of users (HS256). */
  jwtSecret: string;
}

/** How to set a stack up. */
export interface StackOptions {
  /** Folder that keeps the database; without it, a temporary one that is removed when the stack stops. */
  home?: string;
  keys?: ApiKeys;
  apiPort?: number;
  databasePort?: number;
  /** Whether `public` is open to the API roles by default, as in older projects. */
  isExposedByDefault?: boolean;
  /** Settings of the Postgres server. */
  settings?: Record<string, string>;
  /** Folder of a Postgres other than that of the npm package. */
  installation?: string;
  /** What the mirror is called; as in the repository by default. */
  naming?: Naming;
  /** Fills the prepared database; with the mirror by default. */
  fill?: (databaseUrl: string) => Promise<void>;
  /**
   * `home` of a stopped stack of the same set-up: this one begins with a copy of its database, which is
   * neither prepared nor filled again.
   */
  template?: string | undefined;
}

/** A Supabase project on this machine, as far as the mirror needs one, without Docker. */
export interface Stack {
  /** Where `/rest/v1` and `/functions/v1` are. */
  apiUrl: string;
  /** Connection string of the role `postgres`. */
  databaseUrl: string;
  /** The database server, so that it can be stopped, killed and restarted. */
  postgres: PostgresServer;
  keys: ApiKeys;
  naming: Naming;
  /** Serves a function at `/functions/v1/<name>`. */
  serveFunction(name: string, serve: ServeFunction): void;
  /** Restarts the database, on its port, after `postgres.stop()` or `.kill()`. */
  restartPostgres(): Promise<void>;
  /**
   * Gives the REST API new connections, as PostgREST would on its own: the driver here doesn't recover from
   * connections that are cut in use, and calls on them may hang.
   */
  reconnect(): Promise<void>;
  stop(): Promise<void>;
}

/** The keys of a throwaway stack: publicly known, valid on 127.0.0.1 only. */
const LOCAL_KEYS: ApiKeys = {
  publishableKey: "sb_publishable_local_development_only",
  secretKey: "sb_secret_local_development_only",
  jwtSecret: "local-development-only-jwt-secret-of-64-characters-000000000000",
};

/** Starts Postgres, applies the migrations and serves the API on 127.0.0.1. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const keys = options.keys ?? LOCAL_KEYS;
  const home = options.home ?? await Deno.makeTempDir({ prefix: "clerk-mirror-" });
  const port = options.databasePort ?? freePort();
  const naming = options.naming ?? installedNaming;
  const cleanUp = new AsyncDisposableStack();
  if (options.home === undefined) {
    cleanUp.defer(() => Deno.remove(home, { recursive: true }));
  }

  try {
    const start = () =>
      startPostgres({
        home,
        port,
        settings: options.settings ?? {},
        installation: options.installation,
        template: options.template,
      });
    let server = await start();
    cleanUp.defer(() => server.stop());
    const url = (role: string) => `postgresql://${role}:postgres@127.0.0.1:${port}/postgres`;
    if (options.template === undefined) {
      await preparePlatform(server.superuserUrl, options.isExposedByDefault ?? false);
      await (options.fill ?? ((databaseUrl) => install(databaseUrl, naming)))(url("postgres"));
    }

    const schemas = [...new Set(["public", naming.schema])];
    const connect = () => createRestApi({ databaseUrl: url("postgres"), ...keys, schemas });
    let restApi = connect();
    const reconnect = async () => {
      const old = restApi;
      restApi = connect();
      await old.abandon();
    };
    cleanUp.defer(() => restApi.close());
    const functions = new Map<string, ServeFunction>();
    const listener = Deno.serve(
      {
        hostname: "127.0.0.1",
        port: options.apiPort ?? 0,
        onListen: () => {},
      },
      (request, { remoteAddr }) => route(request, remoteAddr.hostname, functions, restApi),
    );
    cleanUp.defer(() => listener.shutdown());

    return {
      apiUrl: `http://127.0.0.1:${listener.addr.port}`,
      databaseUrl: url("postgres"),
      get postgres() {
        return server;
      },
      keys,
      naming,
      serveFunction: (name, serve) => functions.set(name, serve),
      async restartPostgres() {
        server = await start();
        await reconnect();
      },
      reconnect,
      stop: () => cleanUp.disposeAsync(),
    };
  } catch (error) {
    await cleanUp.disposeAsync();
    throw error;
  }
}

/**
 * A free port on 127.0.0.1, from a range that systems don't use for outgoing connections, so that none of
 * them takes it before it is used.
 */
export function freePort(): number {
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return port;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return freePort();
    throw error;
  }
}

/** Creates the roles and schemas of a new project; a database that already has them is left as it is. */
export async function preparePlatform(
  superuserUrl: string,
  isExposedByDefault: boolean,
): Promise<void> {
  const sql = postgres(superuserUrl, { max: 1, onnotice: () => {} });
  try {
    const [role] = await sql`select from pg_roles where rolname = 'service_role'`;
    if (role !== undefined) return;
    const files = ["platform.sql", ...(isExposedByDefault ? ["exposed_by_default.sql"] : [])];
    for (const file of files) {
      const text = await Deno.readTextFile(new URL(file, import.meta.url));
      await sql.begin((transaction) => transaction.unsafe(text));
    }
  } finally {
    await sql.end();
  }
}

/** Applies the repository's migrations, or those for projects with other names. */
async function install(databaseUrl: string, naming: Naming): Promise<void> {
  if (isSameNaming(naming, installedNaming)) return await pushMigrations(databaseUrl);
  const folder = await Deno.makeTempDir({ prefix: "clerk-mirror-project-" });
  try {
    const migrations = join(folder, "supabase", "migrations");
    await Deno.mkdir(migrations, { recursive: true });
    await Deno.writeTextFile(join(folder, "supabase", "config.toml"), 'project_id = "mirror"\n');
    const releases = await readReleases();
    for (const [index, { version }] of releases.entries()) {
      await Deno.writeTextFile(
        join(migrations, `${20260101000000 + index}_clerk_mirror_${version}.sql`),
        renderRelease(releases, version, naming),
      );
    }
    await pushMigrations(databaseUrl, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function route(
  request: Request,
  peerAddress: string,
  functions: Map<string, ServeFunction>,
  restApi: RestApi,
): Response | Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/rest/v1/")) return restApi.fetch(request, peerAddress);
  const [, name] = /^\/functions\/v1\/([^/]+)/.exec(pathname) ?? [];
  const serve = name === undefined ? undefined : functions.get(name);
  return serve?.(request) ??
    Response.json({ code: "NOT_FOUND", message: "Requested function was not found" }, {
      status: 404,
    });
}
