import { sampleEvent } from "../development/events/sample_event.ts";

/**
 * Unix milliseconds at which the first object of each kind was created; each next one is a millisecond later.
 */
const BEGINNING = Date.UTC(2026, 0, 1);

/**
 * How many objects an instance has. Each membership belongs to a different user, as long as there are enough.
 */
export interface InstanceSize {
  users: number;
  organizations: number;
  memberships: number;
}

type Kind = keyof InstanceSize;

/** An object as Clerk returns it. */
// deno-lint-ignore no-explicit-any -- a webhook's data
type ClerkObject = any;

/** A Clerk instance whose objects are made up as they are listed, so that any number is possible. */
export interface LargeInstance extends AsyncDisposable {
  /** For `CLERK_API_URL`. */
  url: string;
  instanceId: string;
  /** An existing user. */
  randomUser(): number;
  /** Changes a user, and returns it as a webhook reports it; undefined if it was deleted. */
  updateUser(index: number): ClerkObject | undefined;
  /** Deletes a user and its membership, and returns its id; undefined if it was already deleted. */
  deleteUser(index: number): string | undefined;
  addUser(): ClerkObject;
  userId(index: number): string;
  /** Everything that a mirror of it has of a kind, ordered by id. */
  expected(kind: Kind): Iterable<{ id: string; updatedAt: number }>;
}

/** Serves what a backfill and a reconciliation request from an instance on 127.0.0.1, oldest first. */
export function serveLargeInstance(size: InstanceSize): LargeInstance {
  const instanceId = "ins_of_a_benchmark";
  const users = new Numbers(size.users);
  const organizations = new Numbers(size.organizations);
  const memberships = new Numbers(size.memberships);
  const updates = new Map<number, number>();
  const id = (prefix: string, index: number) => `${prefix}_${String(index).padStart(27, "0")}`;
  const updatedAt = (index: number) => updates.get(index) ?? BEGINNING + index;

  const sampleOf = (type: string) => sampleEvent(type).data;
  const userTemplate = templateOf({
    ...sampleOf("user.created"),
    id: "__ID__",
    first_name: "Ada __UPDATED__",
    created_at: "__CREATED__",
    updated_at: "__UPDATED__",
  });
  const organizationTemplate = templateOf({
    ...sampleOf("organization.created"),
    id: "__ID__",
    created_by: null,
    created_at: "__CREATED__",
    updated_at: "__CREATED__",
  });
  const membership = sampleOf("organizationMembership.created");
  const membershipTemplate = templateOf({
    ...membership,
    id: "__ID__",
    organization: { ...membership.organization, id: "__ORGANIZATION__" },
    public_user_data: { ...membership.public_user_data, user_id: "__USER__" },
    created_at: "__CREATED__",
    updated_at: "__CREATED__",
  });

  const user = (index: number) =>
    userTemplate({
      ID: id("user", index),
      CREATED: BEGINNING + index,
      UPDATED: updatedAt(index),
    });
  const organization = (index: number) =>
    organizationTemplate({ ID: id("org", index), CREATED: BEGINNING + index });
  const membershipOf = (index: number) =>
    membershipTemplate({
      ID: id("orgmem", index),
      ORGANIZATION: id("org", index % size.organizations),
      USER: id("user", index % size.users),
      CREATED: BEGINNING + index,
    });

  const list = (numbers: Numbers, make: (index: number) => string, query: URLSearchParams) => {
    const first = Math.max(0, Number(query.get("created_at_after") ?? 0) - BEGINNING + 1);
    const indexes = numbers.page(first, Number(query.get("offset")), Number(query.get("limit")));
    return { data: `[${indexes.map(make).join(",")}]`, total: numbers.countFrom(first) };
  };
  const some = (numbers: Numbers, make: (index: number) => string, ids: string[]) => {
    const indexes = ids.map(indexOf).filter((index) => numbers.has(index));
    return { data: `[${indexes.map(make).join(",")}]`, total: indexes.length };
  };
  const wrapped = ({ data, total }: { data: string; total: number }) =>
    `{"data":${data},"total_count":${total}}`;
  const single = (numbers: Numbers, make: (index: number) => string, id: string) =>
    numbers.has(indexOf(id)) ? make(indexOf(id)) : undefined;

  function answer(path: string, query: URLSearchParams): string | undefined {
    const [kind = "", id = "", part] = path.split("/").slice(2);
    const userIds = query.getAll("user_id").map((id) => id.replace(/^\+/, ""));
    const organizationIds = query.getAll("organization_id").map((id) => id.replace(/^\+/, ""));
    if (kind === "instance") return JSON.stringify({ object: "instance", id: instanceId });
    if (kind === "users") {
      if (id !== "" && id !== "count") return single(users, user, id);
      const found = userIds.length > 0 ? some(users, user, userIds) : list(users, user, query);
      return id === "count" ? JSON.stringify({ total_count: found.total }) : found.data;
    }
    if (kind === "organizations") {
      if (part === "memberships") {
        const ofUser = indexOf(userIds[0] ?? "");
        const indexes = [];
        for (let index = ofUser; index < size.memberships; index += size.users) {
          if (memberships.has(index) && index % size.organizations === indexOf(id)) {
            indexes.push(index);
          }
        }
        return wrapped({ data: `[${indexes.map(membershipOf).join(",")}]`, total: indexes.length });
      }
      if (id !== "") return single(organizations, organization, id);
      return wrapped(
        organizationIds.length > 0
          ? some(organizations, organization, organizationIds)
          : list(organizations, organization, query),
      );
    }
    if (kind === "organization_memberships") {
      return wrapped(list(memberships, membershipOf, query));
    }
    // Every other list is empty.
    return wrapped({ data: "[]", total: 0 });
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const body = answer(pathname, searchParams);
    const headers = { "content-type": "application/json" };
    return body === undefined
      ? Response.json({ errors: [{ code: "resource_not_found", message: "not found" }] }, {
        status: 404,
      })
      : new Response(body, { headers });
  });

  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    instanceId,
    randomUser: () => Math.floor(Math.random() * users.end),
    updateUser(index) {
      if (!users.has(index)) return undefined;
      // Two changes within a millisecond would count as one.
      updates.set(index, Math.max(Date.now(), updatedAt(index) + 1));
      return JSON.parse(user(index));
    },
    deleteUser(index) {
      if (!users.delete(index)) return undefined;
      for (let member = index; member < size.memberships; member += size.users) {
        memberships.delete(member);
      }
      return id("user", index);
    },
    addUser: () => JSON.parse(user(users.add())),
    userId: (index) => id("user", index),
    *expected(kind) {
      const [numbers, prefix] = {
        users: [users, "user"] as const,
        organizations: [organizations, "org"] as const,
        memberships: [memberships, "orgmem"] as const,
      }[kind];
      for (let index = 0; index < numbers.end; index++) {
        if (!numbers.has(index)) continue;
        yield {
          id: id(prefix, index),
          updatedAt: kind === "users" ? updatedAt(index) : BEGINNING + index,
        };
      }
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Numbers from 0 on, some of which are removed. */
class Numbers {
  /** Sorted. */
  readonly #out: number[] = [];
  readonly #isOut = new Set<number>();

  constructor(public end: number) {}

  has(number: number): boolean {
    return number >= 0 && number < this.end && !this.#isOut.has(number);
  }

  add(): number {
    return this.end++;
  }

  /** Whether it was there. */
  delete(number: number): boolean {
    if (!this.has(number)) return false;
    this.#isOut.add(number);
    this.#out.splice(this.#outBefore(number), 0, number);
    return true;
  }

  countFrom(first: number): number {
    return Math.max(0, this.end - first - (this.#out.length - this.#outBefore(first)));
  }

  /** The remaining numbers from one on: as many as wanted, after an offset. */
  page(first: number, offset: number, limit: number): number[] {
    let number = first + offset;
    for (let place = this.#outBefore(first); place < this.#out.length; place++) {
      if ((this.#out[place] ?? Infinity) > number) break;
      number++;
    }
    const page = [];
    for (; page.length < limit && number < this.end; number++) {
      if (this.has(number)) page.push(number);
    }
    return page;
  }

  /** How many smaller ones are removed. */
  #outBefore(number: number): number {
    let [low, high] = [0, this.#out.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#out[middle] ?? Infinity) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function indexOf(id: string): number {
  return Number(id.slice(id.indexOf("_") + 1));
}

/** JSON with placeholders, such as `__ID__`, for texts, and in their own quotes for numbers. */
function templateOf(object: unknown): (values: Record<string, string | number>) => string {
  const parts = JSON.stringify(object).split(/("?__[A-Z]+__"?)/);
  return (values) =>
    parts.map((part) => {
      const name = /^"?__([A-Z]+)__"?$/.exec(part)?.[1];
      if (name === undefined) return part;
      const value = values[name] ?? "";
      // A placeholder that is a whole text is replaced with a number, quotes included.
      if (part.startsWith('"') && part.endsWith('"')) return JSON.stringify(value);
      return part.replace(`__${name}__`, String(value));
    }).join("");
}
