/** What a new noun is called, wherever its name appears. */

/** A column beyond those that every mirrored table has. */
export interface NounColumn {
  name: string;
  type: keyof typeof FIELD_KINDS;
}

/** A Clerk noun to add to the mirror. */
export interface Noun {
  /** Such as "organization_badges". */
  table: string;
  /** As in the event types: "organizationBadge". */
  event: string;
  /** The prefix of its ids: "badge". */
  idPrefix: string;
  columns: NounColumn[];
  /** The table that its rows belong to, by `organization_id` or `user_id`. */
  owner?: "organizations" | "profiles";
}

/** The kinds of fields (fields.ts) by the types of the columns that they fill, each with a sample value. */
export const FIELD_KINDS = {
  text: { field: "optionalText", sample: "A text" },
  boolean: { field: "optionalFlag", sample: true },
  integer: { field: "optionalInteger", sample: 7 },
  timestamptz: { field: "optionalTime", sample: 1767258000000 },
  jsonb: { field: "optionalObject", sample: { key: "value" } },
} as const;

const NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;

/** The columns of every mirrored table. */
const COMMON_COLUMNS = ["id", "created_at", "updated_at", "deleted_at", "synced_at", "version"];

/**
 * Reads the description of a noun.
 *
 * @param columns Such as "name:text,level:integer".
 * @throws {Error} with a sentence.
 */
export function readNoun(
  table: string,
  { event, idPrefix, columns, owner }: {
    event: string;
    idPrefix: string;
    columns: string;
    owner?: string | undefined;
  },
): Noun {
  if (!NAME.test(table) || !table.endsWith("s")) {
    throw new Error(`"${table}" is not a plural in lower case, such as organization_badges`);
  }
  if (!/^[a-z][A-Za-z0-9]*$/.test(event)) {
    throw new Error(`"${event}" is not what event types begin with, such as organizationBadge`);
  }
  if (!/^[a-z][a-z0-9]*$/.test(idPrefix)) {
    throw new Error(`"${idPrefix}" is not what an id begins with, such as badge`);
  }
  if (owner !== undefined && owner !== "organizations" && owner !== "profiles") {
    throw new Error(`Rows belong to "organizations" or to "profiles", not to "${owner}"`);
  }
  return {
    table,
    event,
    idPrefix,
    columns: columns.split(",").map((column) => readColumn(column.trim())),
    ...(owner === undefined ? {} : { owner }),
  };
}

function readColumn(text: string): NounColumn {
  const [name = "", type = ""] = text.split(":");
  if (!NAME.test(name) || COMMON_COLUMNS.includes(name)) {
    throw new Error(`"${name}" can't be a column: every table has ${COMMON_COLUMNS.join(", ")}`);
  }
  if (!isKnownType(type)) {
    const types = Object.keys(FIELD_KINDS).join(", ");
    throw new Error(`"${text}" has no type that is known here: ${types}`);
  }
  return { name, type };
}

function isKnownType(type: string): type is NounColumn["type"] {
  return Object.hasOwn(FIELD_KINDS, type);
}

/** The forms of a noun's name. */
export function wordsOf({ table, owner }: Noun) {
  const singular = table.replace(/ies$/, "y").replace(/s$/, "");
  const words = singular.split("_");
  const last = words.at(-1) ?? singular;
  return {
    /** "organization_badge" */
    singular,
    /** "OrganizationBadge" */
    type: words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join(""),
    /** "organizationBadge" */
    variable: words.map((word, index) =>
      index === 0 ? word : word[0]?.toUpperCase() + word.slice(1)
    ).join(""),
    /** "badge" */
    last,
    /** The functions' argument: "badges". */
    argument: table.split("_").at(-1) ?? table,
    /** "organization badges" */
    plain: table.replaceAll("_", " "),
    /** "organization_id" */
    ownerColumn: owner === undefined
      ? undefined
      : owner === "organizations"
      ? "organization_id"
      : "user_id",
  };
}
