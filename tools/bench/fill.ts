import type { Sql } from "./database.ts";
import { sampleProfile } from "./user_updates.ts";

/** Rows per statement. */
const BATCH = 1_000_000;

/** Rows with the same time, which share the beginning of their ids. */
const BURST = 100;

/** Fills tables with rows like those that webhooks leave, older than anything that arrives. */
export class Filler {
  /** @param sql The owner's one connection. */
  private constructor(readonly sql: Sql) {}

  /** Prepares a connection: what it needs disappears with it. */
  static async on(sql: Sql): Promise<Filler> {
    await sql.unsafe(await Deno.readTextFile(new URL("./ksuid.sql", import.meta.url)));
    return new Filler(sql);
  }

  /** Fills the ledger with webhooks that arrived evenly spread over some days. */
  async webhookEvents(count: number, { from, to }: { from: number; to: number }): Promise<void> {
    const secondsBetween = (from - to) * 86_400 / count;
    await this.#inBatches(count, (first, last) =>
      this.sql`
      insert into clerk_sync.webhook_events (id, type, object_id, occurred_at, received_at)
      select
        'msg_' || head || left(md5(number::text), 21), 'user.updated',
        'user_' || head || right(md5(number::text), 21), at, at
      from (
        select first, at, pg_temp.ksuid_head(at) as head
        from
          generate_series(${first}::bigint, ${last}::bigint, ${BURST}) as first,
          lateral (
            select now() - make_interval(
              secs => ${from * 86_400}::float8 - first * ${secondsBetween}::float8
            ) as at
          ) as times
        offset 0
      ) as bursts, generate_series(first, first + ${BURST - 1}) as number`);
  }

  /** Fills the profiles, one per second, and returns the ids of a few of them, evenly spread. */
  async profiles(count: number, few: number): Promise<string[]> {
    const profile = JSON.stringify(sampleProfile());
    await this.#inBatches(count, (first, last) =>
      this.sql`
      insert into public.profiles
      select filled.*
      from
        generate_series(${first}::bigint, ${last}::bigint) as number,
        lateral pg_temp.ksuid_head(now() - make_interval(secs => ${count} - number + 60)) as head,
        lateral jsonb_populate_record(
          null::public.profiles,
          ${profile}::jsonb || jsonb_build_object(
            'id', 'user_' || head || left(md5(number::text), 21),
            'synced_at', now(),
            'version', jsonb_build_object(
              'updated_at', '2026-01-01', 'occurred_at', '2026-01-01', 'webhook_id', 'msg_' || number
            )
          )
        ) as filled`);
    const rows = await this.sql`
      select id from (select id, row_number() over (order by id) as number from public.profiles) as numbered
      where number % ${Math.floor(count / few)} = 0
      limit ${few}`;
    return rows.map(({ id }) => id);
  }

  /**
   * Fills the memberships: half of the users in two organizations each, of 50 members. There are always
   * enough organizations that looking them up is worthwhile.
   */
  async memberships(count: number): Promise<void> {
    const organizations = Math.max(count / 50, 2000);
    await this.sql`
      insert into public.organizations (id, name, updated_at, version)
      select 'org_' || number, 'Organization ' || number, '2026-01-01', row('2026-01-01', '2026-01-01', '')::clerk_sync.version
      from generate_series(1, ${organizations}) as number`;
    await this.sql`
      insert into public.organization_memberships (
        id, organization_id, user_id, role, first_name, last_name, updated_at, version
      )
      select
        'orgmem_' || users.number || '_' || half, 'org_' || (users.number * 2 + half) % ${organizations} + 1,
        users.id, 'org:member', 'Ada', 'Lovelace', '2026-01-01', row('2026-01-01', '2026-01-01', '')::clerk_sync.version
      from
        (select id, row_number() over (order by id) as number from public.profiles) as users,
        generate_series(0, 1) as half
      where users.number * 2 <= ${count}`;
    await this.sql`vacuum analyze public.organizations, public.organization_memberships`;
    await this.sql`vacuum analyze public.profiles`;
  }

  async #inBatches(
    count: number,
    insert: (first: number, last: number) => PromiseLike<unknown>,
  ): Promise<void> {
    for (let first = 1; first <= count; first += BATCH) {
      await insert(first, Math.min(first + BATCH - 1, count));
    }
  }
}
