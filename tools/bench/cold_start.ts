import { join } from "node:path";
import { deploy, type Deployment, layOut } from "../../tests/helpers/deployment.ts";
import { installEdgeRuntimeDeno } from "../../tests/helpers/edge_runtime_deno.ts";
import { newSigningSecret, signedRequest } from "../events/signed_request.ts";
import type { Benchmark } from "./benchmark.ts";
import { compareInRounds } from "./rounds.ts";
import { userCreatedBody } from "./user_created_body.ts";

const PARTS = new URL("cold_start/", import.meta.url);

/** Nobody listens here: no call gets as far as the network. */
const ADDRESS = "http://127.0.0.1/";

const CURRENT = `Deno ${Deno.version.deno}`;
const EDGE = "Deno 2.1.4";

/** A Deno with a folder of its own, in which the deployed function lies. */
interface Site {
  deno: string;
  folder: string;
  /** Packages and what Deno makes of them: another than the machine's, which others use as well. */
  cache: string;
  deployment: Deployment;
  /** Of the webhook endpoint. */
  secret: string;
}

/** What an isolate pays before its first answer. Every figure is of a fresh process. */
export const coldStart: Benchmark = {
  name: "cold-start",
  async run({ isShort, log }) {
    const [rounds, processes] = isShort ? [3, 1] : [9, 3];
    const folder = await Deno.makeTempDir({ prefix: "clerk-mirror-bench-" });
    try {
      log("Deploying to a stand-in of the Management API");
      const deployment = await deploy("clerk-webhook");
      log("Installing the Deno that Supabase's edge runtime embeds");
      const edgeDeno = await installEdgeRuntimeDeno(folder);
      const siteOf = (deno: string, name: string) =>
        prepare(deno, join(folder, name), join(folder, "cache"), deployment);
      const current = await siteOf(Deno.execPath(), "current");
      const edge = await siteOf(edgeDeno, "edge");

      log(`${rounds} rounds, each figure the best of ${processes} fresh processes`);
      const deployed = deployment.metadata.entrypoint_path;
      const importing = (site: Site, module: string, reference: string) =>
        compareInRounds(rounds, {
          ours: () => best(processes, () => timeImport(site, module)),
          reference: () => best(processes, () => timeImport(site, reference)),
        });
      const answering = (site: Site, module: string) =>
        compareInRounds(rounds, {
          ours: () => best(processes, () => timeFirstAnswer(site, module)),
          reference: () => best(processes, () => timeFirstAnswer(site, "minimal_function.ts")),
        });
      const [libraries, unit] = ["import of svix, zod and supabase-js", "ms"];
      return [
        {
          what: `import of the deployed function, ${CURRENT}`,
          against: libraries,
          ...await importing(current, deployed, "three_libraries.ts"),
          unit,
          target: { atMost: 0.8 },
        },
        {
          what: `import of svix, zod/mini and supabase-js, ${CURRENT}`,
          against: libraries,
          ...await importing(current, "libraries_as_used.ts", "three_libraries.ts"),
          unit,
        },
        {
          what: `import of the deployed function, ${CURRENT}`,
          against: "import of supabase-js",
          ...await importing(current, deployed, "supabase_js.ts"),
          unit,
        },
        {
          what: `import of the deployed function, ${EDGE}`,
          against: libraries,
          ...await importing(edge, deployed, "three_libraries.ts"),
          unit,
        },
        {
          what: `process start to the first applied event, ${CURRENT}`,
          against: "the same of a minimal function",
          ...await answering(current, deployed),
          unit,
        },
        {
          what: `process start to the first applied event, ${EDGE}`,
          against: "the same of a minimal function",
          ...await answering(edge, deployed),
          unit,
        },
      ];
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

/** Lays the deployed function out, and beside it what it is compared with and what starts it. */
async function prepare(
  deno: string,
  folder: string,
  cache: string,
  deployment: Deployment,
): Promise<Site> {
  await layOut(deployment, folder);
  for (const { name } of Deno.readDirSync(PARTS)) {
    await Deno.copyFile(new URL(name, PARTS), join(folder, name));
  }
  return { deno, folder, cache, deployment, secret: newSigningSecret() };
}

/** The shortest of several times: whatever else the machine does only ever adds to one. */
async function best(times: number, measure: () => Promise<number>): Promise<number> {
  let shortest = Infinity;
  for (let time = 0; time < times; time++) shortest = Math.min(shortest, await measure());
  return shortest;
}

/** Milliseconds inside a process that is up, from just before the import to its end. */
async function timeImport(site: Site, module: string): Promise<number> {
  const { line } = await launch(site, ["time_import.ts", `./${module}`], /^[\d.]+$/);
  return Number(line);
}

/** Milliseconds from the start of a process to the answer to its first request. */
async function timeFirstAnswer(site: Site, module: string): Promise<number> {
  const body = userCreatedBody();
  const { headers } = signedRequest(ADDRESS, site.secret, body);
  headers.set("content-length", String(new TextEncoder().encode(body).byteLength));
  const request = JSON.stringify({ headers: Object.fromEntries(headers), body });
  const answer = await launch(site, ["answer_once.ts", `./${module}`, request], /^answer /);
  if (answer.line !== 'answer 200 {"outcome":"applied"}') throw new Error(answer.line);
  return answer.duration;
}

/**
 * Starts a process and waits for a line of its output.
 *
 * @returns The line, and the milliseconds until it came.
 */
async function launch(
  { deno, folder, cache, deployment, secret }: Site,
  args: string[],
  awaited: RegExp,
): Promise<{ line: string; duration: number }> {
  const startedAt = performance.now();
  const child = new Deno.Command(deno, {
    args: [
      "run",
      "--allow-all",
      "--no-prompt",
      `--config=${deployment.metadata.import_map_path}`,
      ...args,
    ],
    cwd: folder,
    env: {
      DENO_DIR: cache,
      DENO_NO_UPDATE_CHECK: "1",
      NO_COLOR: "1",
      CLERK_WEBHOOK_SIGNING_SECRET: secret,
      SUPABASE_URL: ADDRESS,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: "sb_secret_benchmark" }),
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  let output = "";
  let answer: { line: string; duration: number } | undefined;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    const line = output.split("\n").find((line) => awaited.test(line));
    if (line !== undefined) answer ??= { line, duration: performance.now() - startedAt };
  }
  if (answer === undefined) throw new Error(`The process failed: ${output}${await stderr}`);
  await child.status;
  await stderr;
  return answer;
}
