/** Clerk's lists are read page by page, completely, while objects are created and deleted. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type ClerkSource, createClerkSource } from "../functions/_shared/clerk/clerk_source.ts";
import { type Listing, type Position, readPages } from "../functions/_shared/clerk/read_pages.ts";
import { readUpdatedSince } from "../functions/_shared/clerk/read_updated_since.ts";
import { type Resource, resources } from "../functions/_shared/clerk/resources.ts";
import { type ClerkApi, startClerkApi } from "./helpers/clerk/api.ts";
import { newOrganization, newUser } from "./helpers/clerk/objects.ts";

const BEGINNING = Date.UTC(2026, 0, 1);
const LIVE_KEY = "sk_live_of_a_test";

function resourceOf(name: string): Resource {
  const resource = resources.find((resource) => resource.name === name);
  assert.ok(resource);
  return resource;
}

function sourceOf({ url, secretKey }: ClerkApi): ClerkSource {
  return createClerkSource({ secretKey, apiUrl: url });
}

async function idsOf(pages: AsyncIterable<{ objects: { id: string }[] }>): Promise<string[]> {
  const ids = [];
  for await (const { objects } of pages) ids.push(...objects.map(({ id }) => id));
  return ids;
}

/** What a reader does who trusts offsets: the control, which shows that the histories are hard. */
async function* readByOffset(listing: Listing) {
  for (let offset = 0;; offset += 500) {
    const page = await listing.read({ limit: 500, offset });
    yield page;
    if (page.objects.length < 500) return;
  }
}

/** What happens before each request of a reader: how many are deleted, from where, and how many come. */
const history = fc.array(
  fc.record({
    deleted: fc.integer({ min: 0, max: 700 }),
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    created: fc.integer({ min: 0, max: 40 }),
  }),
  { minLength: 2, maxLength: 6 },
);

interface Run {
  /** Ids that were there from the beginning to the end. */
  stayed: string[];
  read: string[];
}

/**
 * Reads a list of 2,600 objects while the history happens.
 *
 * @param perMillisecond How many objects share each time of creation.
 */
async function readDuring(
  name: "users" | "organizations",
  steps: { deleted: number; from: number; created: number }[],
  perMillisecond: number,
  read: (listing: Listing) => AsyncIterable<{ objects: { id: string }[] }>,
): Promise<Run> {
  const make = name === "users" ? newUser : newOrganization;
  const deleted = new Set<string>();
  let created = 2600;
  const at = (index: number) => BEGINNING + Math.floor(index / perMillisecond);
  const left = [...steps];
  await using clerk = startClerkApi({
    secretKey: LIVE_KEY,
    onRequest(path) {
      if (path.includes("/count")) return;
      const step = left.shift();
      if (step === undefined) return;
      const ids = [...clerk[name]].map(({ id }) => id);
      const first = Math.floor(step.from * ids.length);
      for (const id of ids.slice(first, first + step.deleted)) {
        clerk[name].delete(id);
        deleted.add(id);
      }
      for (let index = 0; index < step.created; index++) clerk[name].add(make(at(created++)));
    },
  });
  const initial = Array.from(
    { length: created },
    (_, index) => clerk[name].add(make(at(index))).id,
  );
  const ids = await idsOf(read(resourceOf(name).listing(sourceOf(clerk))));
  return { stayed: initial.filter((id) => !deleted.has(id)), read: ids };
}

function assertComplete({ stayed, read }: Run): void {
  const found = new Set(read);
  assert.equal(found.size, read.length, "nothing comes twice");
  assert.deepEqual(stayed.filter((id) => !found.has(id)), [], "nothing is lost");
}

for (const resource of ["users", "organizations"] as const) {
  for (const perMillisecond of [1, 7, 1000]) {
    Deno.test(`readPages() neither loses nor repeats ${resource} (${perMillisecond} per millisecond) while others come and go`, async () => {
      await fc.assert(
        fc.asyncProperty(history, async (steps) => {
          assertComplete(await readDuring(resource, steps, perMillisecond, readPages));
        }),
        { numRuns: 12 },
      );
    });
  }
}

Deno.test("a reader that trusts offsets loses objects where readPages() loses none", async () => {
  const steps = [{ deleted: 0, from: 0, created: 0 }, { deleted: 100, from: 0, created: 0 }];
  const { stayed, read } = await readDuring("organizations", steps, 1, readByOffset);
  const found = new Set(read);
  assert.equal(stayed.filter((id) => !found.has(id)).length, 100);
  assertComplete(await readDuring("organizations", steps, 1, readPages));
});

/** A list that gives fewer objects than it is asked for, and counts as it likes. */
interface ShortList {
  count: number;
  /** Objects that it gives at once. */
  cap: number;
  perMillisecond: number;
  canBeginAfter: boolean;
  counts: "rightly" | "too many" | "not at all";
  /** What is deleted before each request: how many objects, from where. */
  deletions: { count: number; from: number }[];
}

const shortList: fc.Arbitrary<ShortList> = fc.constantFrom(1, 2, 7, 10, 11, 100, 499, 500).chain(
  (cap) =>
    fc.record({
      cap: fc.constant(cap),
      count: fc.nat(Math.min(1600, cap * 12)),
      perMillisecond: fc.constantFrom(1, 3, 40),
      canBeginAfter: fc.boolean(),
      counts: fc.constantFrom("rightly", "too many", "not at all"),
      deletions: fc.array(
        fc.record({ count: fc.nat(30), from: fc.double({ min: 0, max: 1, noNaN: true }) }),
        { maxLength: cap < 10 ? 0 : 5 },
      ),
    }),
);

Deno.test("readPages() reads a list with short pages to its end, in a bounded number of requests", async () => {
  await fc.assert(
    fc.asyncProperty(shortList, async (list) => {
      const { count, cap, perMillisecond, canBeginAfter, counts, deletions } = list;
      const initial = Array.from({ length: count }, (_, index) => ({
        id: `user_${index}`,
        created_at: BEGINNING + Math.floor(index / perMillisecond),
      }));
      let stored = [...initial];
      const left = [...deletions];
      let requests = 0;
      const listing: Listing = {
        order: "ascending",
        key: "created_at",
        canBeginAfter,
        read({ limit, offset, createdAfter = 0 }) {
          const { count = 0, from = 0 } = left.shift() ?? {};
          stored = stored.toSpliced(Math.floor(from * stored.length), count);
          assert.ok(++requests < 60 + 4 * initial.length, "it comes to an end");
          const found = stored.filter(({ created_at }) => created_at > createdAfter);
          const total = counts === "too many" ? found.length + 5 : found.length;
          return Promise.resolve({
            objects: found.slice(offset, offset + Math.min(limit, cap)),
            ...(counts === "not at all" ? {} : { total }),
          });
        },
      };
      const read = [];
      let remaining: number | undefined;
      for await (const page of readPages(listing)) {
        read.push(...page.objects.map(({ id }) => id));
        ({ remaining } = page);
      }
      assertComplete({ stayed: stored.map(({ id }) => id), read });
      if (counts === "too many") assert.ok(Number(remaining) > 0);
      else assert.equal(remaining, counts === "rightly" ? 0 : undefined);
    }),
    { numRuns: 400 },
  );
});

Deno.test("readPages() makes no more requests than needed where Clerk returns a total", async () => {
  await using clerk = startClerkApi({ secretKey: LIVE_KEY });
  for (let index = 0; index < 1200; index++) {
    clerk.organizations.add(newOrganization(BEGINNING + index));
  }
  await idsOf(readPages(resourceOf("organizations").listing(sourceOf(clerk))));
  assert.equal(clerk.requests, 3);
  await idsOf(readPages(resourceOf("roles").listing(sourceOf(clerk))));
  assert.equal(clerk.requests, 4);
});

Deno.test("readPages() resumes from a position, even if the object there has been deleted", async () => {
  await using clerk = startClerkApi({ secretKey: LIVE_KEY });
  const ids = Array.from(
    { length: 1700 },
    (_, index) => clerk.organizations.add(newOrganization(BEGINNING + index)).id,
  );
  const listing = resourceOf("organizations").listing(sourceOf(clerk));
  let position: Position | undefined;
  const before = [];
  for await (const page of readPages(listing)) {
    before.push(...page.objects.map(({ id }) => id));
    position = page.position;
    if (before.length > 900) break;
  }
  for (const id of ids.slice(600, before.length)) clerk.organizations.delete(id);
  const after = await idsOf(readPages(listing, position));
  const read = new Set([...before, ...after]);
  assert.deepEqual(ids.filter((id) => !read.has(id)), []);
  assert.ok(after.length < 1700 - 500, "it did not begin anew");
});

Deno.test("readUpdatedSince() finds users who are updated while it reads", async () => {
  const since = BEGINNING + 1_000_000;
  const moved: string[] = [];
  await using clerk = startClerkApi({
    secretKey: LIVE_KEY,
    onRequest(path, number) {
      // Far behind the reader, they move to the front, where it has been.
      if (number !== 3 || !path.startsWith("/users")) return;
      for (const id of moved) clerk.users.update(id, { updated_at: Date.now() });
    },
  });
  const changed = [];
  for (let index = 0; index < 3000; index++) {
    const updated_at = index % 2 === 0 ? since - 1 - index : since + index;
    const { id } = clerk.users.add(newUser(BEGINNING + index, { updated_at }));
    if (updated_at >= since) changed.push(id);
  }
  moved.push(...changed.slice(100, 110));
  const listing = resourceOf("users").recentlyUpdated?.(sourceOf(clerk));
  assert.ok(listing);
  const read = await idsOf(readUpdatedSince(listing, since));
  assert.deepEqual(new Set(read), new Set(changed));
});

Deno.test("a request that Clerk doesn't answer times out and is retried", async () => {
  await using clerk = startClerkApi({
    secretKey: LIVE_KEY,
    trouble: ({ times }) => times === 1 ? "hang" : undefined,
  });
  clerk.users.add(newUser(BEGINNING));
  const pauses: string[] = [];
  const source = createClerkSource({
    secretKey: clerk.secretKey,
    apiUrl: clerk.url,
    timeout: 200,
    onPause: (reason) => pauses.push(reason),
  });
  assert.equal((await idsOf(readPages(resourceOf("users").listing(source)))).length, 1);
  assert.equal((await idsOf(readPages(resourceOf("roles").listing(source)))).length, 0);
  assert.equal(pauses.length, 2);
  for (const reason of pauses) assert.match(reason, /^Clerk can't be read: .*time/);
});

Deno.test("an answer that is not a list fails at once, without a retry", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.json("Welcome"),
  );
  const pauses: string[] = [];
  const source = createClerkSource({
    secretKey: LIVE_KEY,
    apiUrl: `http://127.0.0.1:${server.addr.port}`,
    onPause: (reason) => pauses.push(reason),
  });
  for (const name of ["users", "roles"]) {
    await assert.rejects(
      idsOf(readPages(resourceOf(name).listing(source))),
      /^Error: Clerk's answer is not a list$/,
    );
  }
  assert.deepEqual(pauses, []);
});
