import { dirname, join } from "node:path";
import { runSupabase } from "../../tools/development/stack/supabase_cli.ts";

/** What `supabase functions deploy` uploads for one function. */
export interface Deployment {
  metadata: { entrypoint_path: string; import_map_path: string; verify_jwt: boolean };
  /** Contents by path. */
  files: Map<string, Uint8Array>;
  /** What the CLI said meanwhile, beside its result. */
  messages?: string;
}

/** The CLI that deploys; its major versions name a hosted project in other ways. */
export interface DeployingCli {
  run: typeof runSupabase;
  target: "--remote" | "--project-ref";
}

/**
 * Deploys a function with the real CLI to a loopback server that takes uploads as Supabase's
 * Management API does (`POST /v1/projects/{ref}/functions/deploy`, multipart).
 *
 * @param folder Another project folder than this repository.
 * @param cli Another CLI than the one that this repository pins.
 */
export async function deploy(
  name: string,
  folder?: string,
  { run, target }: DeployingCli = { run: runSupabase, target: "--remote" },
): Promise<Deployment> {
  const uploads: Deployment[] = [];
  await using api = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      if (!new URL(request.url).pathname.endsWith("/functions/deploy")) return Response.json({});
      uploads.push(await readUpload(await request.formData()));
      return Response.json({
        id: "00000000-0000-0000-0000-000000000000",
        slug: name,
        name,
        status: "ACTIVE",
        version: 1,
        created_at: Date.now(),
        updated_at: Date.now(),
        verify_jwt: uploads.at(-1)?.metadata.verify_jwt,
      }, { status: 201 });
    },
  );

  const profile = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    const url = `http://127.0.0.1:${api.addr.port}`;
    await Deno.writeTextFile(
      profile,
      `name: loopback\napi_url: ${url}\ndashboard_url: ${url}\nproject_host: localhost\n`,
    );
    const { success, stderr } = await run(
      [
        "functions",
        "deploy",
        name,
        "--use-api",
        "--yes",
        `${target}=abcdefghijklmnopqrst`,
        `--profile=${profile}`,
        ...(folder === undefined ? [] : [`--workdir=${folder}`]),
      ],
      { SUPABASE_ACCESS_TOKEN: `sbp_${"0".repeat(40)}` },
    );
    const [upload] = uploads;
    if (!success || upload === undefined) throw new Error(`The deployment failed: ${stderr}`);
    return { ...upload, messages: stderr };
  } finally {
    await Deno.remove(profile);
  }
}

/** Writes what was uploaded into a folder. */
export async function layOut({ files }: Deployment, folder: string): Promise<void> {
  for (const [path, contents] of files) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeFile(join(folder, path), contents);
  }
}

async function readUpload(form: FormData): Promise<Deployment> {
  const files = new Map<string, Uint8Array>();
  for (const file of form.getAll("file")) {
    if (file instanceof File) files.set(file.name, new Uint8Array(await file.arrayBuffer()));
  }
  const metadata = form.get("metadata");
  const text = metadata instanceof File ? await metadata.text() : String(metadata);
  return { metadata: JSON.parse(text), files };
}
