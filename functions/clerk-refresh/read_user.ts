import type { ClerkEnv } from "../_shared/clerk_env.ts";
import { Misconfiguration } from "../_shared/misconfiguration.ts";
import { isRecord } from "../clerk-webhook/json.ts";
import { RefreshRefusal } from "./errors.ts";

const CLERK = "https://api.clerk.com";

/** Milliseconds that one request may take: someone is waiting. */
const TIMEOUT = 5_000;

/** The most that Clerk returns at once. */
const PAGE_SIZE = 500;

/** An object as Clerk's API returns it. */
type ClerkObject = Record<string, unknown> & { id: string };

/** A user as Clerk knows them, with their memberships. */
export interface UserAtClerk {
  user: ClerkObject;
  memberships: ClerkObject[];
}

/**
 * Reads a user and all their memberships from Clerk's Backend API.
 *
 * @throws {RefreshRefusal} `not_found`, {@link Misconfiguration} if Clerk refuses the key, any other
 * error if Clerk can't be read now.
 */
export async function readUser(clerk: ClerkEnv, userId: string): Promise<UserAtClerk> {
  const path = `/users/${encodeURIComponent(userId)}`;
  const user = await get(clerk, path);
  if (!isObject(user) || user.id !== userId) throw new Error("Clerk's answer is not the user");
  const memberships: ClerkObject[] = [];
  while (true) {
    const query = `limit=${PAGE_SIZE}&offset=${memberships.length}`;
    const page = await get(clerk, `${path}/organization_memberships?${query}`);
    const objects = isRecord(page) && Array.isArray(page.data) ? page.data : undefined;
    if (objects === undefined) throw new Error("Clerk's answer is not a list");
    if (objects.length === 0) return { user, memberships };
    memberships.push(...objects.filter(isObject));
    if (isRecord(page) && Number(page.total_count) <= memberships.length) {
      return { user, memberships };
    }
  }
}

async function get({ secretKey, apiUrl = CLERK }: ClerkEnv, path: string): Promise<unknown> {
  const response = await fetch(`${apiUrl.replace(/\/+$/, "")}/v1${path}`, {
    headers: { authorization: `Bearer ${secretKey}` },
    signal: AbortSignal.timeout(TIMEOUT),
  });
  if (response.ok) return await response.json();
  await response.body?.cancel();
  if (response.status === 404) throw new RefreshRefusal("not_found");
  if (response.status === 401) {
    throw new Misconfiguration("CLERK_SECRET_KEY", "Clerk refuses the secret key");
  }
  throw new Error(`Clerk answers ${response.status}`);
}

function isObject(value: unknown): value is ClerkObject {
  return isRecord(value) && typeof value.id === "string";
}
