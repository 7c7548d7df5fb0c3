/**
 * The order property: in whatever order events arrive, the final state is that of in-order delivery.
 * Random histories test it, and disprove it as soon as any one rule is taken out.
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import { addApplication } from "./helpers/application.ts";
import { startOwnStack } from "./helpers/mirror.ts";
import { checkOrder } from "./helpers/order_property.ts";
import { isRenamed, test, testNaming as naming } from "./helpers/naming.ts";

/** Faster, and nothing of what is looked for here is lost by a crash. */
const settings = { fsync: "off", synchronous_commit: "off", max_connections: "200" };

/** One rule taken out of the test's own copy of the functions. */
interface Mutation {
  rule: string;
  /** Which functions, by name. */
  functions: RegExp;
  replace: [string | RegExp, string][];
  /** Whether it takes histories in which Clerk shows what is deleted here. */
  isRising?: boolean;
}

const MUTATIONS: Mutation[] = [
  {
    rule: "claim",
    functions: /^(begin_call|claim_group)$/,
    replace: [
      [/if not found then[^;]+;\s+return 'duplicate';\s+end if;/, ""],
      ["then 'duplicate'", "then 'claimed'"],
    ],
  },
  {
    rule: "version guard",
    functions: /^write_/,
    replace: [[/where stored\.version < excluded\.version/, ""]],
  },
  {
    rule: "tie-break",
    functions: /^read_stamps$/,
    replace: [
      [/source ->> 'id', jsonb_hash/g, "'', jsonb_hash"],
      [/webhook ->> 'id'(\s+\)::clerk_sync\.version)/, "''$1"],
    ],
  },
  {
    rule: "tie-break by content for what is read from Clerk",
    functions: /^read_stamps$/,
    replace: [[/jsonb_hash_extended\(item - 'id', 0\)::text/g, "''"]],
  },
  {
    rule: "tombstone",
    functions: /^delete_object$/,
    replace: [[/insert into clerk_sync\.tombstones[^;]+;/, ""]],
  },
  {
    rule: "placeholder",
    functions: /^write_(organizations|profiles)$/,
    replace: [[/where not exists/, "where incoming.updated_at is not null and not exists"]],
  },
  {
    rule: "cascade",
    functions: /^write_/,
    replace: [[/object_id in \(incoming\.id[^)]*\)/, "object_id = incoming.id"]],
  },
  {
    rule: "erasing in place what the application references",
    functions: /^try_to_delete_rows$/,
    replace: [[/return false;/, "raise;"]],
  },
  {
    rule: "sighting",
    functions: /^delete_object$/,
    replace: [[/if exists \(\s+select from clerk_sync\.sightings[^;]+;\s+end if;/, ""]],
    isRising: true,
  },
  {
    rule: "late deletion",
    functions: /^unbury_objects$/,
    replace: [[/and sightings\.alive_at > tombstones\.deleted_at/, ""]],
    isRising: true,
  },
  {
    rule: "locks",
    functions: /^(begin_call|apply_group)$/,
    replace: [
      [/return case\s[^;]+;/, "return claim;"],
      [/perform clerk_sync\.lock_objects[^;]+;/, ""],
    ],
  },
];

/** Rules that groups have besides. */
const GROUP_MUTATIONS: Mutation[] = [
  {
    rule: "each item of a group has its own version",
    functions: /^read_stamps$/,
    replace: [["webhook -> index", "webhook -> 0"]],
  },
  {
    rule: "each session of a group has its own IP address",
    functions: /^write_session_logs$/,
    replace: [["(item.place - 1)::integer", "0"]],
  },
  {
    rule: "a webhook that is in a group twice is claimed once",
    functions: /^claim_group$/,
    replace: [["incoming.id and incoming.is_first", "incoming.id"]],
  },
  {
    rule: "parents before children in a group",
    functions: /^read_fact_lists$/,
    replace: [[
      "order by tables.name <> 'organizations'",
      "order by tables.name = 'organizations'",
    ]],
  },
];

/**
 * Makes every deletion stay open for a moment after it has looked for the row: what another call does
 * meanwhile is what the locks are for. With them the property holds all the same.
 */
const SLOW_DELETIONS: Mutation = {
  rule: "",
  functions: /^delete_object$/,
  replace: [[/return is_news;/, "perform pg_sleep(0.02); return is_news;"]],
};

async function mutate(sql: postgres.Sql, { functions, replace }: Mutation): Promise<void> {
  const definitions = await sql`
    select proname as name, pg_get_functiondef(pg_proc.oid) as definition
    from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
    where nspname in ('public', 'clerk_sync')`;
  let changes = 0;
  for (const { name, definition } of definitions) {
    if (!functions.test(name)) continue;
    const changed = replace.reduce(
      (text, [pattern, replacement]) => text.replace(pattern, replacement),
      definition,
    );
    if (changed === definition) continue;
    await sql.unsafe(changed);
    changes++;
  }
  assert.ok(changes > 0, "the mutation changes something");
}

Deno.test("any order of any history, alone or in groups, ends in the state of in-order delivery", async () => {
  const stack = await startOwnStack({ settings });
  // What other names break breaks in nearly every history.
  const effort = { runs: isRenamed ? 60 : 600, seconds: 25 };
  try {
    await addApplication(stack.databaseUrl, naming);
    for (const isGrouped of [false, true]) {
      for (const isRising of [false, true]) {
        const how = { isRising, isGrouped, naming };
        const verdict = await checkOrder(stack.databaseUrl, { ...effort, ...how });
        assert.ok(
          verdict.isTrue,
          `deno task test:order --runs ${verdict.runs} --seed ${verdict.seed}` +
            `${isRising ? " --rising" : ""}${
              isGrouped ? " --groups" : ""
            }\n${verdict.counterexample}`,
        );
        assert.ok(verdict.runs >= 50, `${verdict.runs} histories are too few to say anything`);
      }
    }
  } finally {
    await stack.stop();
  }
});

test.underOwnNames("the order property fails as soon as any one rule is taken out", async (t) => {
  const stack = await startOwnStack({ settings });
  const url = (database: string) => stack.databaseUrl.replace(/postgres$/, database);
  const withCopy = async (name: string, use: (sql: postgres.Sql) => Promise<void>) => {
    const superuserUrl = stack.postgres.superuserUrl.replace(/postgres$/, "template1");
    const server = postgres(superuserUrl, { max: 1, onnotice: () => {} });
    await server.unsafe(`create database ${name} template postgres`);
    await server.end();
    const sql = postgres(url(name), { max: 1, onnotice: () => {} });
    try {
      await use(sql);
    } finally {
      await sql.end();
    }
  };

  try {
    await addApplication(stack.databaseUrl);
    await t.step("it holds with all rules, even if deletions are slow", async () => {
      await withCopy("unchanged", async (sql) => {
        await mutate(sql, SLOW_DELETIONS);
        for (const isGrouped of [false, true]) {
          const verdict = await checkOrder(url("unchanged"), { runs: 100, seconds: 10, isGrouped });
          assert.ok(verdict.isTrue, verdict.counterexample ?? "no counterexample");
        }
      });
    });

    const mutants = [
      ...MUTATIONS.map((mutation) => ({ mutation, ways: [false, true] })),
      ...GROUP_MUTATIONS.map((mutation) => ({ mutation, ways: [true] })),
    ];
    for (const [index, { mutation, ways }] of mutants.entries()) {
      await t.step(`it fails without the rule "${mutation.rule}"`, async () => {
        await withCopy(`mutant_${index}`, async (sql) => {
          if (mutation.rule === "locks") await mutate(sql, SLOW_DELETIONS);
          await mutate(sql, mutation);
          const { isRising = false } = mutation;
          for (const isGrouped of ways) {
            const verdict = await checkOrder(url(`mutant_${index}`), {
              runs: 2000,
              seconds: 60,
              isRising,
              isGrouped,
            });
            const way = isGrouped ? "in groups" : "alone";
            assert.ok(
              !verdict.isTrue,
              `${verdict.runs} histories, told ${way}, did not find it out`,
            );
          }
        });
      });
    }
  } finally {
    await stack.stop();
  }
});
