import postgres from "postgres";
import { type Stack, startStack } from "../development/stack/stack.ts";

/** Connections that send JSON parameters as text. */
export type Sql = postgres.Sql<{ jsonb: unknown }>;

/** A database to measure: a real Postgres with the migrations, and commits that wait for the disk. */
export interface BenchDatabase extends AsyncDisposable {
  stack: Stack;
  /** The owner of the tables, on one connection. */
  owner: Sql;
  /** Creates another database in the same state; no one may be connected yet. */
  copyTo(name: string): Promise<void>;
  checkpoint(): Promise<void>;
  /** Keeps autovacuum from writing anything until it is disposed of. */
  pauseAutovacuum(): Promise<AsyncDisposable>;
  /** Connections with an API role. */
  connect(options: ConnectOptions): Sql;
}

/** How to connect. */
export interface ConnectOptions {
  role: "service_role" | "authenticated";
  connections: number;
  /** Through something that listens on this port; straight to the server by default. */
  port?: number;
  database?: string;
  /** Session settings. */
  settings?: Record<string, string>;
}

/** Enough room that no checkpoint or lack of memory disturbs a measurement by chance. */
const SETTINGS = { shared_buffers: "1GB", max_wal_size: "16GB", checkpoint_timeout: "1h" };

/** Parameters are already JSON. */
const JSON_AS_TEXT = {
  to: 3802,
  from: [3802],
  serialize: (text: unknown) => text,
  parse: (text: string): unknown => JSON.parse(text),
};

/** Starts a throwaway database. */
export async function openBenchDatabase(): Promise<BenchDatabase> {
  const stack = await startStack({ settings: SETTINGS });
  const pools: Sql[] = [];
  const open = (url: URL, connections: number, settings: Record<string, string> = {}) => {
    const pool = postgres(url.href, {
      max: connections,
      onnotice: () => {},
      connection: settings,
      types: { jsonb: JSON_AS_TEXT },
    });
    pools.push(pool);
    return pool;
  };
  const asSuperuser = async (use: (superuser: postgres.Sql) => PromiseLike<unknown>) => {
    const url = stack.postgres.superuserUrl.replace(/postgres$/, "template1");
    const superuser = postgres(url, { max: 1 });
    await use(superuser);
    await superuser.end();
  };
  return {
    stack,
    owner: open(new URL(stack.databaseUrl), 1),
    copyTo: (name) =>
      asSuperuser((superuser) => superuser`create database ${superuser(name)} template postgres`),
    checkpoint: () => asSuperuser((superuser) => superuser`checkpoint`),
    async pauseAutovacuum() {
      const set = (value: "off" | "on") =>
        asSuperuser(async (superuser) => {
          await superuser.unsafe(`alter system set autovacuum = ${value}`);
          await superuser`select pg_reload_conf()`;
          // Ends the workers that are under way.
          await superuser`
            select pg_terminate_backend(pid, 5000)
            from pg_stat_activity where backend_type = 'autovacuum worker'`;
        });
      await set("off");
      return { [Symbol.asyncDispose]: () => set("on") };
    },
    connect({ role, connections, port, database, settings }) {
      const url = new URL(stack.databaseUrl);
      if (port !== undefined) url.port = String(port);
      if (database !== undefined) url.pathname = database;
      return open(url, connections, { role, ...settings });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(pools.map((pool) => pool.end()));
      await stack.stop();
    },
  };
}
