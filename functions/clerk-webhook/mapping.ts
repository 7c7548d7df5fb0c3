import type * as z from "zod/mini";
import type { Database, Json } from "../_shared/database.types.ts";
import { createParser } from "./parser.ts";

type Tables = Database["public"]["Tables"];
type Functions = Database["public"]["Functions"];

/** What the database sets itself: clients choose neither a row's version nor that it is deleted. */
type Managed = "deleted_at" | "synced_at" | "version";

type Insert<Table extends keyof Tables> = Omit<Tables[Table]["Insert"], Managed>;

/**
 * A row as a call carries it; undefined becomes null in the database. Without `updated_at` it is a
 * placeholder. Column types that TypeScript has no type for (`inet`) travel as JSON.
 */
export type Row<Table extends keyof Tables> = {
  [Column in keyof Insert<Table>]:
    | (unknown extends Insert<Table>[Column] ? Json : Insert<Table>[Column])
    | (Record<never, never> extends Pick<Insert<Table>, Column> ? undefined : never);
};

/** One call of a Postgres function: its name and its arguments. */
export type Call = {
  [Name in keyof Functions]: { rpc: Name; args: Functions[Name]["Args"] };
}[keyof Functions];

/** One call for many objects: the rows of their calls combined, by argument. */
export interface BulkCall {
  rpc: Call["rpc"];
  args: Record<string, Json[]>;
}

/** The event around an object, as the database records it. */
export type Webhook = {
  /** The `svix-id` header. */
  id: string;
  type: string;
  object_id: string;
  /** ISO 8601, from the envelope's `timestamp`. */
  occurred_at: string;
  /** The Clerk instance that sent it, if known. */
  instance_id?: string;
};

/** What a call has instead of a webhook if the object was read from Clerk rather than sent by it. */
export type Reading = {
  /** ISO 8601. */
  read_at: string;
};

/** What an event says apart from the object that it is about. */
export interface Envelope {
  /** The `svix-id` header. */
  id: string;
  type: string;
  /** ISO 8601. */
  occurredAt: string;
  /** Where the change came from; null for a change made by a backend, for which Clerk sends `""`. */
  ipAddress: string | null;
  userAgent: string | null;
  instanceId?: string | undefined;
}

/** What a mapping may need apart from the object. */
export interface Context {
  webhook: Webhook;
  /** The object as it came, including fields that the schema doesn't name. */
  data: unknown;
  envelope: Envelope;
}

/** How one event type becomes one call. */
export interface Mapping<Input = unknown> {
  /** @throws {Inapplicable} if `data` doesn't match the schema. */
  toCall(data: unknown, envelope: Envelope): Call;
  /** Only a type: what `data` may be, for comparison with Clerk's own types. */
  readonly input?: Input;
}

/** Creates the mapping of an event type: the schema of its `data`, and a pure function of it. */
export function defineMapping<Schema extends z.ZodMiniType<{ id: string }>>(
  schema: Schema,
  toCall: (data: z.output<Schema>, context: Context) => Call,
): Mapping<z.input<Schema>> {
  const parse = createParser(schema, "data");
  return {
    toCall(data, envelope) {
      const object = parse(data);
      const webhook = {
        id: envelope.id,
        type: envelope.type,
        object_id: object.id,
        occurred_at: envelope.occurredAt,
        ...(envelope.instanceId === undefined ? {} : { instance_id: envelope.instanceId }),
      };
      return toCall(object, { webhook, data, envelope });
    },
  };
}
