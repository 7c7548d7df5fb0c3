import type { Naming } from "../../../functions/_shared/naming.ts";
import type { Release } from "./contents.ts";
import { installedObjects } from "./find_holders.ts";
import { quoteList } from "./sql_text.ts";

/**
 * One statement that counts what an uninstall would delete: rows `(table_name, row_count)` of the mirror's
 * existing tables, in order of creation. (`query_to_xml` runs a query from a string, which would otherwise
 * need a function.)
 */
export function countRowsQuery(releases: Release[], naming: Naming): string {
  const tables = installedObjects(releases, naming)
    .filter(({ kind }) => kind === "table")
    .map(({ schema, name }) => `${schema}.${name}`);
  return `select
  made.name as table_name,
  (xpath('//count/text()', query_to_xml(
    format('select count(*) from %s', to_regclass(made.name)), false, true, ''
  )))[1]::text::bigint as row_count
from unnest(${quoteList(tables)}) with ordinality as made (name, position)
where to_regclass(made.name) is not null
order by made.position;
`;
}
