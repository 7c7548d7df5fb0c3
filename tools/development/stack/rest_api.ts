/**
 * The REST API of a Supabase project, in this process: `@supabase/lite` over a real Postgres. It is an alpha
 * release, used in development and tests only, and the product makes no concessions to it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import postgres from "postgres";

/** Database connections, at most. */
const CONNECTIONS = 20;

/** What a REST API serves, and to whom. */
export interface RestApiOptions {
  /** Connection string of a role that can switch to each caller's role and see the whole schema. */
  databaseUrl: string;
  /** Signs the tokens of users (HS256). */
  jwtSecret: string;
  publishableKey: string;
  secretKey: string;
  /** Schemas that it exposes; `public` by default. */
  schemas?: string[];
}

/** Answers requests below `/rest/v1`. */
export interface RestApi {
  /** @param peerAddress IP address of the caller, from the socket. */
  fetch(request: Request, peerAddress: string): Promise<Response>;
  /** Answers requests in flight with 503 and drops all connections: for when some were cut. */
  abandon(): Promise<void>;
  close(): Promise<void>;
}

/** Creates a REST API. The migrations must have run: it reads the schema once. */
export function createRestApi(options: RestApiOptions): RestApi {
  const connection = createPostgresConnection({
    url: options.databaseUrl,
    postgresOptions: {
      max: CONNECTIONS,
      onnotice: () => {},
      types: { json: jsonText(114), jsonb: jsonText(3802) },
    },
  });
  // By default, the connection grants everything on every schema that has policies to every API role, `anon`
  // included. Believing that it has already done so, it leaves our grants alone.
  Object.assign(connection, { rlsState: "active" });
  const app = new App({
    connection,
    auth: {
      jwt_secret: options.jwtSecret,
      publishable_key: options.publishableKey,
      secret_key: options.secretKey,
    },
    ...(options.schemas ? { api: { schemas: options.schemas } } : {}),
  });
  const abandoned = Promise.withResolvers<void>();
  const unavailable = async () => {
    await abandoned.promise;
    return Response.json({ code: "PGRST001", message: "Database connection lost" }, {
      status: 503,
    });
  };
  return {
    fetch: (request, peerAddress) =>
      errors.run([], async () => {
        const answer = app.server.fetch(request, { peerAddress });
        return nameSqlState(await Promise.race([answer, unavailable()]));
      }),
    async abandon() {
      abandoned.resolve();
      await connection.driver.end({ timeout: 0 });
    },
    close: () => connection.close(),
  };
}

/** The API also writes every error that it returns to the console: here, per request. */
const errors = new AsyncLocalStorage<unknown[]>();
const writeError = console.error;
console.error = (...values: unknown[]) => {
  const store = errors.getStore();
  if (store) store.push(...values);
  else writeError(...values);
};

/** Errors that the API doesn't know are called `SUP`, where PostgREST passes on the SQLSTATE. */
async function nameSqlState(response: Response): Promise<Response> {
  if (response.status !== 500) return response;
  const body = await response.clone().json().catch(() => undefined);
  const cause = errors.getStore()?.find((error) => error instanceof postgres.PostgresError);
  if (body?.code !== "SUP" || !(cause instanceof postgres.PostgresError)) return response;
  const { code, message, detail = null, hint = null } = cause;
  const status = /^(?:23|P0)/.test(code) ? 400 : 500;
  return Response.json({ code, message, details: detail, hint }, { status });
}

/**
 * When the database dies, the driver may write to a closed socket, and throw where nothing can catch it. The
 * call fails anyway, so this must not end the process.
 */
globalThis.addEventListener("error", (event) => {
  const isDriver = event.error instanceof Error &&
    event.error.stack?.includes("/postgres/src/connection.js");
  if (isDriver) event.preventDefault();
});

/** The API passes on JSON arguments as text, which the driver would encode a second time. */
function jsonText(oid: number) {
  return {
    to: oid,
    from: [oid],
    serialize: (value: unknown) => typeof value === "string" ? value : JSON.stringify(value),
    parse: (text: string): unknown => JSON.parse(text),
  };
}
