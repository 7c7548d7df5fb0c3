/** Status after a backfill and reconciliations that really ran. */
import { taskCommand } from "../tools/commands/cli/task_command.ts";
import { startClerkApi } from "./helpers/clerk/api.ts";
import { clerkEnv } from "./helpers/clerk/env.ts";
import { fillSmall } from "./helpers/clerk/fill.ts";
import { newUser } from "./helpers/clerk/objects.ts";
import { finish } from "./helpers/command.ts";
import { openOwnMirror } from "./helpers/mirror.ts";
import { assertLine, statusOf } from "./helpers/status.ts";

const BEGINNING = Date.UTC(2026, 0, 1);

Deno.test("status reports what a real backfill and real reconciliations found", async () => {
  await using mirror = await openOwnMirror();
  const secretKey = "sk_live_of_a_test";
  await using clerk = startClerkApi({ secretKey });
  fillSmall(clerk, BEGINNING);
  const env = clerkEnv(clerk, mirror);
  await finish(taskCommand("backfill", [], env));
  assertLine(await statusOf(mirror), "Backfill", "well", /the last one finished \d+ seconds? ago$/);

  clerk.users.add(newUser(BEGINNING + 2));
  const reconcile = (...args: string[]) =>
    finish(taskCommand("reconcile", ["--grace", "0", ...args], env));
  await reconcile();
  assertLine(
    await statusOf(mirror),
    "Reconciliation",
    "look",
    /^\d+ seconds? ago, \d+ objects compared: 1 missing$/,
    /reconcile --repair/,
  );
  await reconcile("--repair");
  assertLine(await statusOf(mirror), "Reconciliation", "well", /: 1 missing, 1 repaired$/);

  await finish(taskCommand("reconcile", [], { ...env, CLERK_SECRET_KEY: "sk_live_of_another" }));
  assertLine(
    await statusOf(mirror),
    "Reconciliation",
    "look",
    /^The last one failed/,
    /Fix the cause/,
  );
});
