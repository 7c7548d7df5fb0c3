/**
 * Supabase's Management API on 127.0.0.1, for one project: its database is a real one, the rest of its
 * state is kept here. Every request, and every answer that isn't a refusal, is checked against the published
 * description; disposing of it fails where something was violated.
 */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import postgres from "postgres";
import type { Deployment } from "./deployment.ts";
import { startFront } from "./front.ts";
import { createDescriptionChecker, type DescriptionChecker } from "./management_description.ts";

/** The project's reference. */
export const PROJECT_REF = "abcdefghijklmnopqrst";

/** A request as the trouble-maker sees it. */
export interface SeenRequest {
  method: string;
  /** After the project: `/functions/deploy?slug=clerk-webhook`. */
  path: string;
  /** From 1. */
  number: number;
}

/**
 * What a request gets instead of its answer: an error; a broken connection, before or after it was done;
 * nothing.
 */
export type Trouble =
  | { status: number; message?: string; retryAfter?: number }
  | "cut before"
  | "cut after"
  | "hang";

/** An Edge Function of the project. */
export interface HostedFunction extends Deployment {
  version: number;
}

/** What the project has besides its database. */
export interface ProjectState {
  status: string;
  /** By service. */
  health: Record<string, string>;
  functions: Map<string, HostedFunction>;
  secrets: Map<string, string>;
  thirdPartyAuth: { id: string; issuer: string }[];
  exposedSchemas: string;
  apiKeys: { name: string; type: string; api_key: string }[];
}

/** How it behaves. */
export interface ManagementOptions {
  /** The project's database, as the role `postgres`. */
  databaseUrl: string;
  trouble?: ((request: SeenRequest) => Trouble | undefined) | undefined;
  /** Whether functions are listed with what they start with; the description leaves it open. */
  tellsEntrypoint?: boolean;
}

/** The API. */
export interface LoopbackManagement extends AsyncDisposable {
  url: string;
  token: string;
  state: ProjectState;
  requests: SeenRequest[];
  /** Sets what goes wrong from now on. */
  setTrouble(trouble: ManagementOptions["trouble"]): void;
}

/** Made once for a test file: reading the description takes a while. */
let checker: Promise<DescriptionChecker> | undefined;

/** Starts the API of a project that is well and has nothing. */
export async function startManagementApi(options: ManagementOptions): Promise<LoopbackManagement> {
  const { checkRequest, checkAnswer } = await (checker ??= createDescriptionChecker());
  const sql = postgres(options.databaseUrl, { max: 2, onnotice: () => {} });
  const token = `sbp_${randomUUID().replaceAll("-", "")}00000000`;
  const state = newState();
  const requests: SeenRequest[] = [];
  const violations: string[] = [];
  const stop = new AbortController();
  const stopped = new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  let { trouble } = options;

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, signal: stop.signal },
    async (request, { remoteAddr }) => {
      const url = new URL(request.url);
      const cut = async () => {
        front.cut(remoteAddr.port);
        await stopped;
        return new Response();
      };
      const seen = {
        method: request.method,
        path: url.pathname.replace(/^\/v1\/projects\/[^/]*/, "") + url.search,
        number: requests.length + 1,
      };
      requests.push(seen);
      const contentType = request.headers.get("content-type");
      const { body, upload } = await readBody(request, contentType);
      const { operation, complaints } = checkRequest({
        method: request.method,
        url,
        contentType,
        body,
      });
      violations.push(
        ...complaints.map((complaint) => `${seen.method} ${seen.path}: ${complaint}`),
      );
      const problem = trouble?.(seen);
      if (problem === "hang") {
        await stopped;
        return new Response();
      }
      if (problem === "cut before") return await cut();
      if (typeof problem === "object") return refuse(problem);
      if (request.headers.get("authorization") !== `Bearer ${token}`) {
        return refuse({ status: 401, message: "Unauthorized" });
      }
      if (!url.pathname.startsWith(`/v1/projects/${PROJECT_REF}`)) {
        return refuse({ status: 404, message: "Project not found" });
      }
      if (operation === undefined) return refuse({ status: 404, message: "Not found" });
      const answer = await respond({ operation, url, body, upload, state, sql, options });
      if (problem === "cut after") return await cut();
      if (answer.status < 300) {
        violations.push(...checkAnswer(operation, answer.status, answer.body));
      }
      // Over a connection that was used before, fetch() repeats by itself what was cut.
      const init = { status: answer.status, headers: { connection: "close" } };
      return answer.body === undefined
        ? new Response(null, init)
        : Response.json(answer.body, init);
    },
  );
  const front = startFront(server.addr.port);

  return {
    url: `http://127.0.0.1:${front.port}`,
    token,
    state,
    requests,
    setTrouble(next) {
      trouble = next;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      front.close();
      await server.finished;
      await sql.end({ timeout: 1 });
      assert.deepEqual(violations, [], "requests are as described");
    },
  };
}

function newState(): ProjectState {
  return {
    status: "ACTIVE_HEALTHY",
    health: {},
    functions: new Map(),
    secrets: new Map(),
    thirdPartyAuth: [],
    exposedSchemas: "public, graphql_public",
    apiKeys: [
      { name: "default", type: "publishable", api_key: "sb_publishable_of_the_project" },
      { name: "default", type: "secret", api_key: "sb_secret_of_the_project" },
    ],
  };
}

function refuse(
  { status, message = "Something went wrong", retryAfter }: {
    status: number;
    message?: string;
    retryAfter?: number;
  },
): Response {
  return Response.json({ message }, {
    status,
    headers: {
      connection: "close",
      ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
    },
  });
}

async function readBody(
  request: Request,
  contentType: string | null,
): Promise<{ body: unknown; upload?: Deployment }> {
  if (contentType?.startsWith("multipart/form-data")) {
    const form = await request.formData();
    const upload: Deployment = {
      metadata: JSON.parse(String(form.get("metadata"))),
      files: new Map(),
    };
    for (const file of form.getAll("file")) {
      if (file instanceof File) {
        upload.files.set(file.name, new Uint8Array(await file.arrayBuffer()));
      }
    }
    return { body: { metadata: upload.metadata, file: [...upload.files.keys()] }, upload };
  }
  const text = await request.text();
  return { body: text === "" ? undefined : JSON.parse(text) };
}

interface Question {
  operation: string;
  url: URL;
  body: unknown;
  upload: Deployment | undefined;
  state: ProjectState;
  sql: postgres.Sql;
  options: ManagementOptions;
}

interface Answer {
  status: number;
  body?: unknown;
}

async function respond(question: Question): Promise<Answer> {
  const { operation, state, url } = question;
  const last = url.pathname.split("/").at(-1) ?? "";
  // deno-lint-ignore no-explicit-any -- it was checked against the description
  const body = question.body as any;
  switch (operation.replace("/v1/projects/{ref}", "")) {
    case "get ":
      return { status: 200, body: projectOf(state) };
    case "get /health":
      return {
        status: 200,
        body: url.searchParams.getAll("services").map((name) => {
          const status = state.health[name] ?? "ACTIVE_HEALTHY";
          return { name, status, healthy: status === "ACTIVE_HEALTHY" };
        }),
      };
    case "get /api-keys":
      return {
        status: 200,
        body: state.apiKeys.map((key) =>
          url.searchParams.get("reveal") === "true" ? key : { ...key, api_key: "sb_secret_12345…" }
        ),
      };
    case "get /postgrest":
      return { status: 200, body: postgrestOf(state) };
    case "patch /postgrest":
      state.exposedSchemas = body.db_schema ?? state.exposedSchemas;
      return { status: 200, body: postgrestOf(state) };
    case "get /secrets":
      return {
        status: 200,
        body: [...state.secrets].map(([name, value]) => ({ name, value: digest(value) })),
      };
    case "post /secrets":
      for (const { name, value } of body) state.secrets.set(name, value);
      return { status: 201 };
    case "delete /secrets":
      for (const name of body) state.secrets.delete(name);
      return { status: 200 };
    case "get /config/auth/third-party-auth":
      return { status: 200, body: state.thirdPartyAuth.map(providerOf) };
    case "post /config/auth/third-party-auth": {
      const provider = { id: randomUUID(), issuer: body.oidc_issuer_url };
      state.thirdPartyAuth.push(provider);
      return { status: 201, body: providerOf(provider) };
    }
    case "delete /config/auth/third-party-auth/{tpa_id}": {
      const index = state.thirdPartyAuth.findIndex(({ id }) => id === last);
      const [gone] = index < 0 ? [] : state.thirdPartyAuth.splice(index, 1);
      return gone ? { status: 200, body: providerOf(gone) } : notFound();
    }
    case "get /functions":
      return {
        status: 200,
        body: [...state.functions].map(([slug, one]) => functionOf(slug, one, question.options)),
      };
    case "post /functions/deploy": {
      const slug = url.searchParams.get("slug") ?? "";
      if (question.upload === undefined) return { status: 400, body: { message: "No upload" } };
      const version = (state.functions.get(slug)?.version ?? 0) + 1;
      const deployed = { ...question.upload, version };
      state.functions.set(slug, deployed);
      return { status: 201, body: functionOf(slug, deployed, question.options) };
    }
    case "delete /functions/{function_slug}":
      return state.functions.delete(last) ? { status: 200 } : notFound();
    case "post /database/query":
      return await runQuery(question.sql, body.query);
    default:
      return { status: 403, body: { message: "Only available to selected partner OAuth apps" } };
  }
}

/**
 * As a prepared statement: some ways to the database refuse more than one statement at once, so none may
 * depend on it.
 */
async function runQuery(sql: postgres.Sql, query: string): Promise<Answer> {
  try {
    return { status: 201, body: [...await sql.unsafe(query, [], { prepare: true })] };
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    const message = `Failed to run sql query: ERROR:  ${error.code}: ${error.message}`;
    return { status: 400, body: { message } };
  }
}

function notFound(): Answer {
  return { status: 404, body: { message: "Not found" } };
}

function digest(value: string): string {
  return createHash("sha256").update(value).digest("hex");
}

function projectOf({ status }: ProjectState) {
  return {
    id: PROJECT_REF,
    ref: PROJECT_REF,
    organization_id: "tsrqponmlkjihgfedcba",
    organization_slug: "tsrqponmlkjihgfedcba",
    name: "Acme",
    region: "eu-central-1",
    created_at: "2026-01-01T00:00:00.000Z",
    status,
    database: {
      host: `db.${PROJECT_REF}.supabase.co`,
      version: "17.4.1.054",
      postgres_engine: "17",
      release_channel: "ga",
    },
  };
}

function postgrestOf({ exposedSchemas }: ProjectState) {
  return {
    db_schema: exposedSchemas,
    max_rows: 1000,
    db_extra_search_path: "public, extensions",
    db_pool: null,
  };
}

function providerOf({ id, issuer }: { id: string; issuer: string }) {
  const at = "2026-01-01T00:00:00.000Z";
  return {
    id,
    type: "oidc",
    oidc_issuer_url: issuer,
    jwks_url: null,
    inserted_at: at,
    updated_at: at,
  };
}

function functionOf(
  slug: string,
  { metadata, version }: HostedFunction,
  { tellsEntrypoint = true }: ManagementOptions,
) {
  const folder = `file:///tmp/user_fn_${PROJECT_REF}_${slug}_${version}/source`;
  return {
    id: randomUUID(),
    slug,
    name: slug,
    status: "ACTIVE",
    version,
    created_at: 1,
    updated_at: 1,
    verify_jwt: metadata.verify_jwt,
    ...(tellsEntrypoint ? { entrypoint_path: `${folder}/${metadata.entrypoint_path}` } : {}),
  };
}
