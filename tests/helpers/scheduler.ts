import type postgres from "postgres";
import type { Mirror, OwnMirror } from "./mirror.ts";
import { asSuperuser } from "./superuser.ts";

/** A job as pg_cron keeps it. */
export interface Job {
  name: string;
  schedule: string;
}

/** Stands in for pg_cron, pg_net and the Vault: `schedule_extensions.sql`, and what runs it. */
export interface Scheduler {
  jobs(): Promise<Job[]>;
  /** Runs a job once, as its owner, as pg_cron's worker does. */
  runJob(name: string): Promise<void>;
  /** Makes what is kept of jobs that have run older. */
  ageDetails(by: string): Promise<void>;
  /** Takes pg_cron away, as `drop extension` does. */
  dropCron(): Promise<void>;
  /** Sends what was queued, in order, as pg_net's worker does; the statuses of the answers. */
  sendRequests(): Promise<{ url: string; body: unknown; status: number }[]>;
}

/** Makes what stands in for pg_cron, pg_net and the Vault. */
export async function addScheduleExtensions(mirror: OwnMirror): Promise<void> {
  const text = await Deno.readTextFile(new URL("./schedule_extensions.sql", import.meta.url));
  await asSuperuser(mirror, (sql) => sql.unsafe(text));
}

/** Adds the extensions to a stack of one's own, and what runs them. */
export async function addScheduler(mirror: OwnMirror): Promise<Scheduler> {
  const { sql } = mirror;
  const bySuperuser = async (work: (sql: postgres.Sql) => PromiseLike<unknown>): Promise<void> => {
    await asSuperuser(mirror, work);
  };
  await addScheduleExtensions(mirror);
  let lastRequest = 0;
  return {
    jobs: () => jobsOf(sql),
    async runJob(name) {
      const [job] = await sql`select jobid, command from cron.job where jobname = ${name}`;
      if (job === undefined) throw new Error(`There is no job "${name}"`);
      const { status, message } = await sql.unsafe(job.command).then(
        () => ({ status: "succeeded", message: "1 row" }),
        (error) => ({ status: "failed", message: String(error) }),
      );
      await bySuperuser((superuser) =>
        superuser`
          insert into cron.job_run_details (
            jobid, command, status, return_message, start_time, end_time
          )
          values (${job.jobid}, ${job.command}, ${status}, ${message}, now(), now())`
      );
      if (status === "failed") throw new Error(message);
    },
    ageDetails: (by) =>
      bySuperuser((superuser) =>
        superuser`update cron.job_run_details set end_time = end_time - ${by}::interval`
      ),
    dropCron: () => bySuperuser((superuser) => superuser`drop schema cron cascade`),
    async sendRequests() {
      const queued = await sql`
        select id, method, url, headers, convert_from(body, 'UTF8') as body
        from net.http_request_queue where id > ${lastRequest} order by id`;
      const answers = [];
      for (const { id, method, url, headers, body } of queued) {
        lastRequest = id;
        const response = await fetch(url, { method, headers, body });
        await response.body?.cancel();
        answers.push({ url, body: JSON.parse(body), status: response.status });
      }
      return answers;
    },
  };
}

async function jobsOf(sql: Mirror["sql"]): Promise<Job[]> {
  const rows = await sql`select jobname, schedule from cron.job order by jobname`;
  return rows.map(({ jobname, schedule }) => ({ name: jobname, schedule }));
}
