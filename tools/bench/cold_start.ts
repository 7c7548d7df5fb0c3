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
    const rounds = isShort ? 3 : 21;
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

      log(`${rounds} rounds of fresh processes`);
      const deployed = deployment.metadata.entrypoint_path;
      const importing = async (site: Site, module: string, against: string) => ({
        what: `import of the deployed function, ${site === edge ? EDGE : CURRENT}`,
        against: `import of ${against}`,
        unit: "ms",
        ...await compareInRounds(rounds, {
          ours: () => timeImport(site, deployed),
          reference: () => timeImport(site, module),
        }),
      });
      const answering = async (site: Site) => ({
        what: `process start to the first applied event, ${site === edge ? EDGE : CURRENT}`,
        against: "the same of a minimal function",
        unit: "ms",
        ...await compareInRounds(rounds, {
          ours: () => timeFirstAnswer(site, deployed),
          reference: () => timeFirstAnswer(site, "minimal_function.ts"),
        }),
      });
      const libraries = "svix, zod and supabase-js";
      return [
        { ...await importing(current, "three_libraries.ts", libraries), target: { atMost: 0.8 } },
        await importing(current, "supabase_js.ts", "supabase-js"),
        await importing(edge, "three_libraries.ts", libraries),
        await answering(current),
        await answering(edge),
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

/** Milliseconds inside a process that is up, from just before the import to its end. */
async function timeImport(site: Site, module: string): Promise<number> {
  const { line } = await launch(site, ["time_import.ts", `./${module}`], /^[\d.]+$/);
  return Number(line);
}

/** Milliseconds from the start of a process to the answer to its first request. */
async function timeFirstAnswer(site: Site, module: string): Promise<number> {
  const body = userCreatedBody();
  const { headers } = signedRequest(ADDRESS, site.secret, body);
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
