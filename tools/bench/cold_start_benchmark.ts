import { join } from "node:path";
import { deploy, type Deployment, layOut } from "../../tests/helpers/deployment.ts";
import { installEdgeRuntimeDeno } from "../../tests/helpers/edge_runtime_deno.ts";
import { newSigningSecret, signedRequest } from "../development/events/signed_request.ts";
import { bundleFunctions } from "../packaging/bundle_functions.ts";
import type { Benchmark, Comparison } from "./benchmark.ts";
import { compareInRounds } from "./rounds.ts";
import { userCreatedBody } from "./user_created_body.ts";

const PARTS = new URL("./cold_start/", import.meta.url);

/** Nothing listens here: no call gets as far as the network. */
const ADDRESS = "http://127.0.0.1/";

const CURRENT = `Deno ${Deno.version.deno}`;
const EDGE = "Deno 2.1.4";

/** A Deno with its own folder, which contains the deployed function. */
interface Site {
  deno: string;
  folder: string;
  /** Packages and Deno's caches: separate from the machine's, which others use as well. */
  cache: string;
  deployment: Deployment;
  /** The webhook endpoint's secret. */
  secret: string;
}

/** Something to import at a site. */
interface Module {
  site: Site;
  file: string;
}

/** What an isolate pays before its first response. Every figure comes from a fresh process. */
export const coldStartBenchmark: Benchmark = {
  name: "cold-start",
  async run({ isShort, log }) {
    const [rounds, processes] = isShort ? [1, 1] : [9, 3];
    const folder = await Deno.makeTempDir({ prefix: "clerk-mirror-bench-" });
    try {
      log("Deploying to a stand-in for the Management API, as it is and as a single file");
      const deployment = await deploy("clerk-webhook");
      await bundleFunctions(join(folder, "bundle"));
      const bundled = await deploy("clerk-webhook", join(folder, "bundle"));
      log("Installing the Deno that Supabase's edge runtime embeds");
      const edgeDeno = await installEdgeRuntimeDeno(folder);
      const cache = join(folder, "cache");
      const siteOf = (deno: string, name: string, deployment: Deployment) =>
        prepare(deno, join(folder, name), cache, deployment);
      const current = await siteOf(Deno.execPath(), "current", deployment);
      const edge = await siteOf(edgeDeno, "edge", deployment);
      const currentBundle = await siteOf(Deno.execPath(), "current-bundle", bundled);
      const edgeBundle = await siteOf(edgeDeno, "edge-bundle", bundled);

      log(`${rounds} rounds, each figure the best of ${processes} fresh processes`);
      const importing = (ours: Module, reference: Module) =>
        compareInRounds(rounds, {
          ours: () => best(processes, () => timeImport(ours)),
          reference: () => best(processes, () => timeImport(reference)),
        });
      const answering = (ours: Module, reference: Module) =>
        compareInRounds(rounds, {
          ours: () => best(processes, () => timeFirstAnswer(ours)),
          reference: () => best(processes, () => timeFirstAnswer(reference)),
        });
      const comparisons: Comparison[] = [];
      for (
        const [deno, site, bundle] of [[CURRENT, current, currentBundle], [
          EDGE,
          edge,
          edgeBundle,
        ]] as const
      ) {
        const part = (file: string): Module => ({ site, file });
        const libraries = part("three_libraries.ts");
        const minimal = part("minimal_function.ts");
        const [asItIs, asOneFile] = [deployed(site), deployed(bundle)];
        const against = "import of svix, zod and supabase-js";
        const target = { atMost: 0.8 };
        const unit = "ms";
        comparisons.push(
          {
            what: `import of the function as it is, ${deno}`,
            against,
            ...await importing(asItIs, libraries),
            unit,
            target,
          },
          {
            what: `import of the function as a single file, ${deno}`,
            against,
            ...await importing(asOneFile, libraries),
            unit,
            target,
          },
          {
            what: `import of the function as it is, ${deno}`,
            against: "import of supabase-js",
            ...await importing(asItIs, part("supabase_js.ts")),
            unit,
          },
          {
            what: `import of svix, zod/mini and supabase-js, ${deno}`,
            against,
            ...await importing(part("libraries_as_used.ts"), libraries),
            unit,
          },
          {
            what: `first applied event of the function as it is, ${deno}`,
            against: "that of a minimal function",
            ...await answering(asItIs, minimal),
            unit,
          },
          {
            what: `first applied event of the function as a single file, ${deno}`,
            against: "that of a minimal function",
            ...await answering(asOneFile, minimal),
            unit,
          },
        );
      }
      return comparisons;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

/** Lays out the deployed function, with what it is compared with and what starts it. */
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

/** The shortest of several times: whatever else the machine does only adds to it. */
async function best(times: number, measure: () => Promise<number>): Promise<number> {
  let shortest = Infinity;
  for (let time = 0; time < times; time++) shortest = Math.min(shortest, await measure());
  return shortest;
}

function deployed(site: Site): Module {
  return { site, file: site.deployment.metadata.entrypoint_path };
}

/** Milliseconds inside a running process, from just before the import to its end. */
async function timeImport({ site, file }: Module): Promise<number> {
  const { line } = await launch(site, ["time_import.ts", `./${file}`], /^[\d.]+$/);
  return Number(line);
}

/** Milliseconds from the start of a process to the response to its first request. */
async function timeFirstAnswer({ site, file }: Module): Promise<number> {
  const body = userCreatedBody();
  const { headers } = signedRequest(ADDRESS, site.secret, body);
  headers.set("content-length", String(new TextEncoder().encode(body).byteLength));
  const request = JSON.stringify({ headers: Object.fromEntries(headers), body });
  const answer = await launch(site, ["answer_once.ts", `./${file}`, request], /^answer /);
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
