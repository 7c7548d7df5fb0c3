import { record, records, requiredParameter, text } from "../fields.ts";
import { HttpError, TooSlow } from "../http_error.ts";
import { readExposedSchemas } from "../read_exposed_schemas.ts";
import type { CallFunction } from "../project_client.ts";
import type { Route } from "../route.ts";
import type { ViewAs, ViewedTable } from "../shapes.ts";

/** Rows per table. */
const ROWS = 20;

/** Tables that are read at once: the database has other clients. */
const READERS = 4;

/** Milliseconds for all tables together. */
const TIME = 20_000;

export const viewRoutes: Route[] = [{
  method: "GET",
  path: "/api/view-as",
  async answer({ query }, { call, project }): Promise<ViewAs> {
    const user = requiredParameter(query, "user");
    const schemas = await readExposedSchemas(project);
    const tables = records(
      await call("read_visible_tables", schemas === undefined ? {} : { schemas }),
    );
    return { user, tables: await readAll(tables, user, call) };
  },
}];

/** In the order of the tables, whichever is answered first. */
async function readAll(
  tables: Record<string, unknown>[],
  user: string,
  call: CallFunction,
): Promise<ViewedTable[]> {
  const deadline = Date.now() + TIME;
  const viewed: ViewedTable[] = [];
  const waiting = tables.entries();
  const read = async () => {
    for (const [index, table] of waiting) {
      viewed[index] = Date.now() < deadline
        ? await readTable(table, user, call)
        : unread(table, "The tables before it took too long");
    }
  };
  await Promise.all(Array.from({ length: READERS }, read));
  return viewed;
}

async function readTable(
  table: Record<string, unknown>,
  user: string,
  call: CallFunction,
): Promise<ViewedTable> {
  try {
    const view = record(
      await call("read_as_user", {
        user_id: user,
        table_schema: text(table.schema),
        table_name: text(table.table),
        page_size: ROWS,
      }),
    );
    const visible = record(view.visible);
    return {
      ...describe(table),
      visible: "error" in visible ? { error: text(visible.error) } : {
        count: Number(visible.count),
        isAtLeast: visible.is_at_least === true,
        rows: records(visible.rows),
      },
      total: Number(view.total),
    };
  } catch (error) {
    // A table that is too slow, or was just dropped, doesn't hide the others; a database that is down does.
    if (error instanceof TooSlow) return unread(table, "It takes too long to read");
    if (error instanceof HttpError && error.status === 404) return unread(table, error.message);
    throw error;
  }
}

function unread(table: Record<string, unknown>, error: string): ViewedTable {
  return { ...describe(table), visible: { error }, total: null };
}

function describe({ schema, table, is_mirrored, has_row_level_security }: Record<string, unknown>) {
  return {
    schema: text(schema),
    table: text(table),
    isMirrored: is_mirrored === true,
    hasRowLevelSecurity: has_row_level_security === true,
  };
}
