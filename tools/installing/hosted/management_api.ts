/**
 * The part of Supabase's Management API that an installer needs, following its published description
 * (https://api.supabase.com/api/v1). `POST …/database/migrations` is not in it: that is only for Supabase's
 * partners.
 */
import { z } from "zod";
import { ManagementError } from "./management_error.ts";
import {
  type ManagementAccess,
  type ManagementRequest,
  requestManagement,
} from "./management_request.ts";

/** Its default URL. */
export const MANAGEMENT_API_URL = "https://api.supabase.com";

const PROJECT = z.object({ ref: z.string(), name: z.string(), status: z.string() });
const HEALTH = z.array(z.object({ name: z.string(), status: z.string() }));
const ROWS = z.array(z.record(z.string(), z.unknown()));
const FUNCTIONS = z.array(z.object({
  slug: z.string(),
  entrypoint_path: z.string().optional(),
  verify_jwt: z.boolean().optional(),
}));
const SECRETS = z.array(z.object({ name: z.string(), value: z.string() }));
const THIRD_PARTY_AUTH = z.object({ id: z.string(), oidc_issuer_url: z.string().nullish() });
const API_KEYS = z.array(
  z.object({ name: z.string(), type: z.string().nullish(), api_key: z.string().nullish() }),
);
const POSTGREST = z.object({ db_schema: z.string() });

/** A project. `status` is "ACTIVE_HEALTHY" if all is well. */
export type Project = z.infer<typeof PROJECT>;

/** A service of a project. `status` is "ACTIVE_HEALTHY" if all is well. */
export type ServiceHealth = z.infer<typeof HEALTH>[number];

/** A row of a query's result. */
export type Row = z.infer<typeof ROWS>[number];

/** A deployed Edge Function. */
export type DeployedFunction = z.infer<typeof FUNCTIONS>[number];

/** A secret of the Edge Functions; `value` is its SHA-256, in hexadecimal. */
export type Secret = z.infer<typeof SECRETS>[number];

/** A third party whose tokens a project accepts. */
export type ThirdPartyAuth = z.infer<typeof THIRD_PARTY_AUTH>;

/** A function to be deployed: one file. */
export interface FunctionUpload {
  slug: string;
  /** Path of the file in the upload, which is also the function's entry point. */
  entrypoint: string;
  code: string;
}

/** The API, for one project. Every method rejects with a `ManagementError`. */
export interface ManagementApi {
  readonly ref: string;
  readProject(): Promise<Project>;
  readHealth(services: string[]): Promise<ServiceHealth[]>;
  /** Runs a statement that changes nothing, as the role `postgres`. */
  query(sql: string): Promise<Row[]>;
  /**
   * Runs a statement that changes something.
   *
   * @param isRepeatable Whether running it twice has the same result.
   */
  execute(sql: string, purpose: string, isRepeatable?: boolean): Promise<void>;
  /** A secret key of the project, used to call functions: `sb_secret_…`. */
  readSecretKey(): Promise<string>;
  listFunctions(): Promise<DeployedFunction[]>;
  /** Creates a function, or replaces it. The platform doesn't check tokens for it. */
  deployFunction(upload: FunctionUpload): Promise<void>;
  /** Deletes a function; it is no error if it is already gone. */
  deleteFunction(slug: string): Promise<void>;
  listSecrets(): Promise<Secret[]>;
  setSecrets(secrets: Record<string, string>): Promise<void>;
  deleteSecrets(names: string[]): Promise<void>;
  listThirdPartyAuth(): Promise<ThirdPartyAuth[]>;
  /** @param issuer Such as `https://clerk.example.com`. */
  createThirdPartyAuth(issuer: string): Promise<void>;
  /** Deletes a provider; it is no error if it is already gone. */
  deleteThirdPartyAuth(id: string): Promise<void>;
  /** The schemas that the REST API exposes, as the API writes them: `public, graphql_public`. */
  readExposedSchemas(): Promise<string>;
  writeExposedSchemas(schemas: string): Promise<void>;
}

/** Creates a client for one project. */
export function createManagementApi(ref: string, access: ManagementAccess): ManagementApi {
  const base = `/v1/projects/${ref}`;
  const request = (options: ManagementRequest) =>
    requestManagement(access, { ...options, path: base + options.path });
  const look = async <Answer>(
    path: string,
    purpose: string,
    schema: z.ZodType<Answer>,
  ): Promise<Answer> => {
    const answer = await request({ method: "GET", path, purpose, isRepeatable: true });
    return check(schema, answer, purpose);
  };
  const query = (sql: string, purpose: string, isRepeatable: boolean) =>
    request({
      method: "POST",
      path: "/database/query",
      body: { query: sql },
      purpose,
      isRepeatable,
    });
  const forget = async (path: string, purpose: string) => {
    try {
      await request({ method: "DELETE", path, purpose, isRepeatable: true });
    } catch (error) {
      if (!(error instanceof ManagementError) || error.status !== 404) throw error;
    }
  };

  return {
    ref,
    readProject: () => look("", `look at the project "${ref}"`, PROJECT),
    readHealth(services) {
      const asked = services.map((service) => `services=${service}`).join("&");
      return look(`/health?${asked}`, "check the project's health", HEALTH);
    },
    async query(sql) {
      const purpose = "query the database";
      return check(ROWS, await query(sql, purpose, true), purpose);
    },
    async execute(sql, purpose, isRepeatable = false) {
      await query(sql, purpose, isRepeatable);
    },
    async readSecretKey() {
      const keys = await look("/api-keys?reveal=true", "read the project's keys", API_KEYS);
      const key = pickSecretKey(keys);
      if (key !== undefined) return key;
      throw new ManagementError(
        "The project has no readable secret key: create one in the Dashboard, under Settings, API Keys",
      );
    },
    listFunctions: () => look("/functions", "list the functions", FUNCTIONS),
    async deployFunction({ slug, entrypoint, code }) {
      const form = new FormData();
      form.append(
        "metadata",
        JSON.stringify({ name: slug, entrypoint_path: entrypoint, verify_jwt: false }),
      );
      form.append("file", new Blob([code], { type: "application/javascript" }), entrypoint);
      await request({
        method: "POST",
        path: `/functions/deploy?slug=${slug}`,
        body: form,
        purpose: `deploy the function "${slug}"`,
        isRepeatable: true,
      });
    },
    deleteFunction: (slug) => forget(`/functions/${slug}`, `delete the function "${slug}"`),
    listSecrets: () => look("/secrets", "list the secrets", SECRETS),
    async setSecrets(secrets) {
      await request({
        method: "POST",
        path: "/secrets",
        body: Object.entries(secrets).map(([name, value]) => ({ name, value })),
        purpose: "set the secrets",
        isRepeatable: true,
      });
    },
    async deleteSecrets(names) {
      await request({
        method: "DELETE",
        path: "/secrets",
        body: names,
        purpose: "delete the secrets",
        isRepeatable: true,
      });
    },
    listThirdPartyAuth: () =>
      look(
        "/config/auth/third-party-auth",
        "list the third-party auth",
        z.array(THIRD_PARTY_AUTH),
      ),
    async createThirdPartyAuth(issuer) {
      await request({
        method: "POST",
        path: "/config/auth/third-party-auth",
        body: { oidc_issuer_url: issuer },
        purpose: "accept Clerk's tokens",
        isRepeatable: false,
      });
    },
    deleteThirdPartyAuth: (id) =>
      forget(`/config/auth/third-party-auth/${id}`, "remove Clerk from the third-party auth"),
    async readExposedSchemas() {
      return (await look("/postgrest", "read the API's settings", POSTGREST)).db_schema;
    },
    async writeExposedSchemas(schemas) {
      await request({
        method: "PATCH",
        path: "/postgrest",
        body: { db_schema: schemas },
        purpose: "set the API's exposed schemas",
        isRepeatable: true,
      });
    },
  };
}

/** Newer projects have secret keys; older ones have the `service_role` key. */
function pickSecretKey(keys: z.infer<typeof API_KEYS>): string | undefined {
  const secrets = keys.filter(({ type }) => type === "secret");
  const preferred = [
    secrets.find(({ name }) => name === "default"),
    ...secrets,
    keys.find(({ name }) => name === "service_role"),
  ];
  return preferred.map((key) => key?.api_key).find((key) => typeof key === "string") ?? undefined;
}

function check<Answer>(schema: z.ZodType<Answer>, answer: unknown, purpose: string): Answer {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  throw new ManagementError(`Can't ${purpose}: Supabase's answer does not have the expected form`, {
    cause: result.error,
  });
}
