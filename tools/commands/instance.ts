/** Shows which Clerk instance the mirror belongs to, and moves it to another one. */
import { styleText } from "node:util";
import { readSupabaseEnv } from "../../functions/_shared/supabase_env.ts";
import { claimInstance, readInstance } from "../../functions/_shared/clerk/check_instance.ts";
import { connectPatiently } from "../../functions/_shared/patient_database.ts";
import { isConfirmed } from "./cli/confirm.ts";
import { commandLine, defineCommand } from "./cli/command.ts";
import { projectEnv } from "../development/dev/project_env.ts";

export const command = defineCommand(
  "instance",
  `Shows which Clerk instance the mirror belongs to: the first one it heard from. Events of any other are
acknowledged and counted, but not applied; a backfill or reconciliation of any other is refused. The project
is the one in SUPABASE_URL and SUPABASE_SECRET_KEYS, else the running "${commandLine("dev")}".`,
)
  .option(
    "--move <instance>",
    "Move the mirror to another instance (ins_…) for good",
    parseInstanceId,
  )
  .option("--yes", "Do it without asking", false)
  .action(async ({ move, yes }) => {
    const database = await connectPatiently(readSupabaseEnv(await projectEnv()));
    const { instanceId, foreignWebhooks } = await readInstance(database);
    if (move === undefined) {
      console.log(instanceId ?? "The mirror has not heard from any instance yet");
      for (const { instanceId, count, lastReceivedAt } of foreignWebhooks) {
        console.log(
          `Not applied: webhooks of ${instanceId}, ${count} so far, last ${lastReceivedAt}`,
        );
      }
      return;
    }

    if (instanceId === undefined) {
      const claimed = await claimInstance(database, move);
      return console.log(`The mirror belonged to no instance. It belongs to "${claimed}" now`);
    }
    if (instanceId === move) return console.log(`The mirror already belongs to "${move}"`);
    console.log(
      `The mirror belongs to "${instanceId}". Once moved, it only takes events of "${move}". What is ` +
        "mirrored stays; the next reconciliation reports what the new instance doesn't have as gone.",
    );
    if (!await isConfirmed("Move it?", yes)) throw new Error("Nothing was changed");
    const isMoved = await database({
      rpc: "move_instance",
      args: { from_instance_id: instanceId, to_instance_id: move },
    });
    if (isMoved !== true) {
      throw new Error("Someone else has moved the mirror: nothing was changed");
    }
    console.log(styleText("green", `The mirror belongs to "${move}" now`));
  });

function parseInstanceId(text: string): string {
  if (/^ins_\w+$/.test(text)) return text;
  throw new Error(`"--move ${text}" is not an instance's id, such as "ins_…"`);
}
