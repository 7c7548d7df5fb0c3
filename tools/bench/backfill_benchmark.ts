/** A backfill: many rows per call, against `COPY` of the same rows into an identical table. */
import type { Buffer } from "node:buffer";
import { pipeline } from "node:stream/promises";
import * as z from "zod/mini";
import type { Row } from "../../functions/clerk-webhook/mapping.ts";
import {
  organizationMembershipSchema,
  toOrganizationMembership,
  toParents,
} from "../../functions/clerk-webhook/mappings/organization_membership.ts";
import { newId } from "../development/events/new_id.ts";
import { sampleEvent } from "../development/events/sample_event.ts";
import type { Benchmark, Comparison } from "./benchmark.ts";
import { type BenchDatabase, openBenchDatabase, type Sql } from "./database.ts";
import { compareInRounds } from "./rounds.ts";
import { sampleProfile } from "./user_updates.ts";

/** Rows per call. */
const BATCH = 500;

/** Members of each organization. */
const MEMBERS = 50;

/** A table that is filled by calls. */
interface Backfill {
  table: string;
  call: string;
  /** The arguments of each call, as JSON. */
  batches: string[][];
  target?: { atLeast: number };
}

/** Rows per second of a backfill. */
export const backfillBenchmark: Benchmark = {
  name: "backfill",
  async run({ isShort, log }) {
    const batches = isShort ? 2 : 40;
    const rounds = isShort ? 1 : 11;
    await using database = await openBenchDatabase();
    const sql = database.connect({ role: "service_role", connections: 1 });
    await database.owner.unsafe(
      await Deno.readTextFile(new URL("./plain_tables.sql", import.meta.url)),
    );

    log("profiles");
    const userIds = Array.from({ length: batches * BATCH }, () => newId("user"));
    const profiles = {
      table: "profiles",
      call: "select public.upsert_profiles($1::jsonb)",
      batches: inBatches(userIds.map((id): Row<"profiles"> => ({ ...sampleProfile(), id })))
        .map((rows) => [JSON.stringify(rows)]),
      target: { atLeast: 0.4 },
    };
    const comparisons = [
      await compareWithCopy(database, sql, profiles, rounds),
      await compareWithInsert(sql, database.owner, profiles, rounds),
    ];

    log("memberships");
    const memberships = {
      table: "organization_memberships",
      call: "select public.upsert_organization_memberships($1::jsonb, $2::jsonb, $3::jsonb)",
      batches: inBatches(userIds).map(toMembershipArguments),
    };
    // Their parents already exist, as in a backfill that goes from parents to children.
    await apply(sql, profiles);
    for (const [, organizations = "[]"] of memberships.batches) {
      await sql.unsafe("select public.upsert_organizations($1::jsonb)", [organizations]);
    }
    return [...comparisons, await compareWithCopy(database, sql, memberships, rounds)];
  },
};

function inBatches<Item>(items: Item[]): Item[][] {
  return Array.from(
    { length: Math.ceil(items.length / BATCH) },
    (_, index) => items.slice(index * BATCH, (index + 1) * BATCH),
  );
}

function toMembershipArguments(userIds: string[]): string[] {
  const { data } = sampleEvent("organizationMembership.created");
  const sample = z.parse(organizationMembershipSchema, data);
  const memberships = userIds.map((user_id, index) => ({
    ...sample,
    id: newId("orgmem"),
    organization: { ...sample.organization, id: `org_${userIds[index - index % MEMBERS]}` },
    public_user_data: { ...sample.public_user_data, user_id },
  }));
  return [
    memberships.map(toOrganizationMembership),
    memberships.flatMap((membership) => toParents(membership).organizations),
    memberships.flatMap((membership) => toParents(membership).profiles),
  ].map((rows) => JSON.stringify(rows));
}

async function compareWithCopy(
  database: BenchDatabase,
  sql: Sql,
  backfill: Backfill,
  rounds: number,
): Promise<Comparison> {
  const { owner } = database;
  const { table, target } = backfill;
  await apply(sql, backfill);
  const copied = await copyOut(database, `public.${table}`);
  return {
    what: `backfill of ${table}, ${BATCH} rows per call`,
    against: "COPY of the same rows",
    unit: "rows/s",
    ...(target ? { target } : {}),
    ...await compareInRounds(rounds, {
      ours: () => perSecond(owner, "public", backfill, () => apply(sql, backfill)),
      reference: () =>
        perSecond(owner, "plain", backfill, () => copyIn(sql, `plain.${table}`, copied)),
    }),
  };
}

/** Both sides pay for the form of the rows, JSON. */
async function compareWithInsert(
  sql: Sql,
  owner: Sql,
  backfill: Backfill,
  rounds: number,
): Promise<Comparison> {
  const { table } = backfill;
  const insert = {
    ...backfill,
    call: `
      insert into plain.${table}
      select *
      from jsonb_populate_recordset(
        jsonb_populate_record(null::plain.${table}, '{"version": {"webhook_id": ""}}'), $1::jsonb
      )`,
  };
  return {
    what: `backfill of ${table}, ${BATCH} rows per call`,
    against: "a plain insert of the same JSON",
    unit: "rows/s",
    ...await compareInRounds(rounds, {
      ours: () => perSecond(owner, "public", backfill, () => apply(sql, backfill)),
      reference: () => perSecond(owner, "plain", backfill, () => apply(sql, insert)),
    }),
  };
}

/** Into an empty table, every time; everything needed is prepared beforehand. */
async function perSecond(
  owner: Sql,
  schema: "public" | "plain",
  { table, batches }: Backfill,
  write: () => Promise<void>,
): Promise<number> {
  const rows = batches.length * BATCH;
  await owner.unsafe(`truncate ${schema}.${table} cascade`);
  const startedAt = performance.now();
  await write();
  const seconds = (performance.now() - startedAt) / 1000;
  const [row] = await owner.unsafe(`select count(*) from ${schema}.${table}`);
  if (Number(row?.count) !== rows) throw new Error(`There are ${row?.count} rows, not ${rows}`);
  return rows / seconds;
}

async function apply(sql: Sql, { call, batches }: Backfill): Promise<void> {
  for (const batch of batches) await sql.unsafe(call, batch, { prepare: true });
}

/** On a separate connection: the driver may leave it paused after reading so much. */
async function copyOut(database: BenchDatabase, table: string): Promise<Buffer[]> {
  const sql = database.connect({ role: "service_role", connections: 1 });
  return await Array.fromAsync(await sql.unsafe(`copy ${table} to stdout`).readable());
}

async function copyIn(sql: Sql, table: string, chunks: Buffer[]): Promise<void> {
  await pipeline(chunks, await sql.unsafe(`copy ${table} from stdin`).writable());
}
