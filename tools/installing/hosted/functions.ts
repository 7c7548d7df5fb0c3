import { createHash } from "node:crypto";
import type { Naming } from "../../../functions/_shared/naming.ts";
import type { PackagedFunction } from "../sql/contents.ts";
import { renderFunction } from "../sql/render_function.ts";
import type { StepRecords } from "./database_state.ts";
import type { DeployedFunction, FunctionUpload, ManagementApi } from "./management_api.ts";
import { functionStep, recordSteps } from "./step_records.ts";
import type { Step } from "./steps.ts";

/**
 * The entry point of an uploaded function. The API returns it: it shows whose function it is, and whether its
 * code is this one, even after the database was reset.
 */
const ENTRYPOINT = /(?:^|\/)clerk-supabase-mirror-([0-9a-f]{16})\/index\.js$/;

/** How a function in the project compares with the packaged one of the same name. */
export type FunctionState = "missing" | "current" | "outdated" | "foreign";

/** A packaged function, and what the project has in its place. */
export interface FunctionPlan {
  upload: FunctionUpload;
  state: FunctionState;
}

/** Compares what the project has with what it should have. */
export function planFunctions(
  packaged: PackagedFunction[],
  naming: Naming,
  deployed: DeployedFunction[],
  records: StepRecords,
): FunctionPlan[] {
  return packaged.map(({ name, code }) => {
    const upload = toUpload(name, renderFunction(code, naming));
    const there = deployed.find(({ slug }) => slug === name);
    return { upload, state: compare(upload, there, records.get(functionStep(name))) };
  });
}

function toUpload(slug: string, code: string): FunctionUpload {
  const checksum = createHash("sha256").update(code).digest("hex").slice(0, 16);
  return { slug, entrypoint: `clerk-supabase-mirror-${checksum}/index.js`, code };
}

function compare(
  upload: FunctionUpload,
  there: DeployedFunction | undefined,
  record: Record<string, unknown> | undefined,
): FunctionState {
  if (there === undefined) return "missing";
  if (!isOurs(there, record)) return "foreign";
  const entrypoint = there.entrypoint_path ?? record?.entrypoint;
  const isSame = typeof entrypoint === "string" &&
    checksumOf(entrypoint) === checksumOf(upload.entrypoint);
  return isSame && there.verify_jwt !== true ? "current" : "outdated";
}

/** Whether a function was last deployed by an installer of the mirror. */
export function isOurs(
  { entrypoint_path: entrypoint }: DeployedFunction,
  record: Record<string, unknown> | undefined,
): boolean {
  return entrypoint === undefined ? record !== undefined : checksumOf(entrypoint) !== undefined;
}

function checksumOf(entrypoint: string): string | undefined {
  return ENTRYPOINT.exec(entrypoint)?.[1];
}

/** The steps that deploy the functions; a foreign one is only overwritten if that was allowed. */
export function functionSteps(api: ManagementApi, plans: FunctionPlan[]): Step[] {
  return plans.map(({ upload, state }) => ({
    name: `function ${upload.slug}`,
    title: `Function "${upload.slug}"${state === "outdated" ? ", replaced by this release's" : ""}${
      state === "foreign" ? ", in place of another one (--force)" : ""
    }`,
    isDone: state === "current",
    async run() {
      const step = functionStep(upload.slug);
      await recordSteps(api, [step, {}]);
      await api.deployFunction(upload);
      await recordSteps(api, [step, { entrypoint: upload.entrypoint }]);
    },
  }));
}
