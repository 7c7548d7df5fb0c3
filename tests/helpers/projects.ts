/** Supabase projects without the mirror, as far as their databases go: many on one server. */
import postgres from "postgres";
import { startPostgres } from "../../tools/development/stack/postgres.ts";
import { freePort, preparePlatform } from "../../tools/development/stack/stack.ts";

/** A project's database, and its owner's connection to it. */
export interface Project {
  databaseUrl: string;
  sql: postgres.Sql;
}

/** A server for the projects of one test. */
export interface Projects extends AsyncDisposable {
  /** Makes another project. */
  open(): Promise<Project>;
}

export async function startProjects(): Promise<Projects> {
  const cleanUp = new AsyncDisposableStack();
  try {
    const home = await Deno.makeTempDir({ prefix: "clerk-mirror-projects-" });
    cleanUp.defer(() => Deno.remove(home, { recursive: true }));
    const server = await startPostgres({ home, port: freePort() });
    cleanUp.defer(() => server.stop());
    await preparePlatform(server.superuserUrl, false);
    // Connected elsewhere, since nobody may be where a database is copied from.
    const superuser = postgres(server.superuserUrl.replace(/postgres$/, "template1"), { max: 1 });
    cleanUp.defer(() => superuser.end({ timeout: 1 }));
    let count = 0;
    return {
      async open() {
        const name = `project_${++count}`;
        await superuser.unsafe(`create database ${name} template postgres owner postgres`);
        const databaseUrl = `postgresql://postgres:postgres@127.0.0.1:${server.port}/${name}`;
        const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
        cleanUp.defer(() => sql.end({ timeout: 1 }));
        return { databaseUrl, sql };
      },
      [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
    };
  } catch (error) {
    await cleanUp.disposeAsync();
    throw error;
  }
}
