/** Tests speak the repository's names; here they are put into whatever the mirror is called in a run. */
import type postgres from "postgres";
import {
  installedNaming,
  isSameNaming,
  type Naming,
  readNaming,
} from "../../functions/_shared/naming.ts";
import { listMadeObjects } from "../../tools/installing/sql/list_objects.ts";
import { readReleases } from "../../tools/packaging/releases.ts";

/** What the mirror is called in this run: `TEST_SCHEMA` and `TEST_PREFIX`. */
export const testNaming: Naming = readNaming({
  get: (name) => Deno.env.get(name.replace("CLERK_MIRROR_", "TEST_")),
});

/** Whether that is anything but the repository's names. */
export const isRenamed = !isSameNaming(testNaming, installedNaming);

/** `Deno.test()` for what other names can't change: it is tested under the repository's alone. */
export const test = {
  underOwnNames(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
    Deno.test({ name, ignore: isRenamed, fn });
  },
};

/** The environment that tells a function or a command what the mirror is called. */
export function namingEnv({ schema, prefix }: Naming): Record<string, string> {
  return { CLERK_MIRROR_SCHEMA: schema, CLERK_MIRROR_PREFIX: prefix };
}

/** The schemas in which unqualified names are looked for: what a test makes of its own is in `public`. */
export function searchPath({ schema }: Naming): string {
  return [...new Set(["public", schema])].join(", ");
}

/** The driver, with SQL under the repository's names: every name of the mirror's is put in its place. */
export function renamingSql<Sql extends postgres.Sql | postgres.TransactionSql>(
  sql: Sql,
  naming: Naming,
): Sql {
  if (isSameNaming(naming, installedNaming)) return sql;
  return new Proxy(sql, {
    apply: (target, self, args) => Reflect.apply(target, self, renameArguments(args, naming)),
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      if (key === "unsafe") {
        return (text: string, ...rest: unknown[]) =>
          Reflect.apply(value, target, [renameSql(text, naming), ...rest]);
      }
      if (key === "begin") {
        return (use: (transaction: postgres.TransactionSql) => unknown) =>
          Reflect.apply(value, target, [
            (transaction: postgres.TransactionSql) => use(renamingSql(transaction, naming)),
          ]);
      }
      return value;
    },
  });
}

/** `fetch` for supabase-js, with tables and functions under the repository's names. */
export function renamingFetch({ prefix }: Naming): typeof fetch {
  if (prefix === "") return fetch;
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    url.pathname = url.pathname.replace(NAME_IN_PATH, `$1${prefix}$2`);
    const select = url.searchParams.get("select");
    // The name that was asked for is the key of what comes.
    if (select) url.searchParams.set("select", select.replace(EMBEDDED, `$1:${prefix}$1`));
    return fetch(input instanceof Request ? new Request(url, input) : url, init);
  };
}

/** The mirror's tables, views, types and functions in `public`, as alternatives of a regular expression. */
export const NAMES = [
  ...new Set(
    listMadeObjects((await readReleases()).map(({ sql }) => sql).join("\n"))
      .filter(({ schema, kind }) =>
        schema === "public" && ["table", "view", "type", "function"].includes(kind)
      )
      .map(({ name }) => name),
  ),
].join("|");

const NAME_IN_PATH = new RegExp(`(?<=/rest/v1/)(rpc/)?(${NAMES})$`);
const EMBEDDED = new RegExp(`(?<![\\w:])(${NAMES})(?=[!(])`, "g");
const QUALIFIED = new RegExp(`(?<![\\w.])public\\.(${NAMES})\\b`, "g");
/** Arguments keep their names. */
const UNQUALIFIED = new RegExp(`(?<![\\w.'"])(${NAMES})\\b(?! =>)`, "g");

const renamed = new Map<string, string>();

function renameSql(text: string, { schema, prefix }: Naming): string {
  const key = `${schema}.${prefix} ${text}`;
  const known = renamed.get(key);
  if (known !== undefined) return known;
  const result = text
    .replace(UNQUALIFIED, `${prefix}$1`)
    .replace(QUALIFIED, `${schema}.${prefix}$1`);
  renamed.set(key, result);
  return result;
}

/** A tagged template, or the name of a table or column; values stay as they are. */
function renameArguments([first, ...rest]: unknown[], naming: Naming): unknown[] {
  if (typeof first === "string") return [renameSql(first, naming), ...rest];
  if (!Array.isArray(first) || !("raw" in first)) return [first, ...rest];
  const strings = first.map((text) => renameSql(String(text), naming));
  return [Object.assign(strings, { raw: strings }), ...rest];
}
