import assert from "node:assert/strict";
import type { ClerkApi } from "./clerk/api.ts";
import type { OwnMirror } from "./mirror.ts";

// deno-lint-ignore no-explicit-any -- JSON, to be looked at by tests
export type Body = any;

/** What the function answers. */
export interface SliceAnswer {
  status: number;
  body: Body;
}

/** Asks the function for something, with the secret key; it is not to ask itself again by default. */
export async function ask(
  { apiUrl, keys }: OwnMirror,
  body: Record<string, unknown> = {},
  headers: Record<string, string> = { apikey: keys.secretKey },
): Promise<SliceAnswer> {
  const response = await fetch(`${apiUrl}/functions/v1/clerk-reconcile`, {
    method: "POST",
    headers,
    body: JSON.stringify({ ask_again: false, ...body }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

/** Asks for slice after slice until the run is closed. Returns the run as it is recorded. */
export async function finishSlices(
  mirror: OwnMirror,
  begin: Record<string, unknown>,
): Promise<Body> {
  let { status, body } = await ask(mirror, begin);
  const { run } = body;
  while (body.state === "open") {
    assert.equal(body.reason, undefined, JSON.stringify(body));
    ({ status, body } = await ask(mirror));
    assert.equal(status, 200, JSON.stringify(body));
  }
  const recorded = (await readRuns(mirror)).find(({ id }) => id === run);
  assert.equal(recorded.state, body.state);
  return recorded;
}

/** Runs as they are shown, the newest first. */
export async function readRuns(mirror: OwnMirror): Promise<Body[]> {
  const { data, error } = await mirror.asService().rpc("read_runs", { page_size: 100 });
  assert.equal(error, null);
  return Array.isArray(data) ? data : [];
}

/** What a run has found, by resource: missing, outdated, buried, gone, repaired. */
export function findingsOf({ results }: Body): Record<string, number[]> {
  return Object.fromEntries(
    results.map((
      { name, missing, outdated, buried, gone, repaired }: Body,
    ) => [name, [missing, outdated, buried, gone, repaired]]),
  );
}

/** Looks whether the mirror has what Clerk has, no more, no less, and nothing older. */
export async function assertExact(mirror: OwnMirror, clerk: ClerkApi): Promise<void> {
  for (
    const [table, objects] of [
      ["profiles", clerk.users],
      ["organizations", clerk.organizations],
      ["organization_memberships", clerk.memberships],
    ] as const
  ) {
    const rows = await mirror.sql`select id, updated_at from ${mirror.sql(table)}`;
    const mirrored = new Map(rows.map(({ id, updated_at }) => [id, updated_at?.valueOf()]));
    const wanted = new Map([...objects].map(({ id, updated_at }) => [id, updated_at]));
    const missing = [...wanted].filter(([id, time]) => mirrored.get(id) !== time);
    const surplus = [...mirrored.keys()].filter((id) => !wanted.has(id));
    assert.deepEqual({ table, missing, surplus }, { table, missing: [], surplus: [] });
  }
}
