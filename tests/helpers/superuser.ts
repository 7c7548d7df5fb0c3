import postgres from "postgres";
import type { OwnMirror } from "./mirror.ts";

/** Does something as the superuser of a mirror's database, as Supabase's own people could. */
export async function asSuperuser<Result>(
  { stack }: OwnMirror,
  use: (sql: postgres.Sql) => PromiseLike<Result>,
): Promise<Result> {
  const sql = postgres(stack.postgres.superuserUrl, { max: 1, onnotice: () => {} });
  try {
    return await use(sql);
  } finally {
    await sql.end();
  }
}
