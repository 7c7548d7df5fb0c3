/** The least that a webhook function with these libraries does: verify, parse, call, answer. */
import { createClient } from "@supabase/supabase-js";
import { Webhook } from "svix";
import { z } from "zod";

const webhook = new Webhook(Deno.env.get("CLERK_WEBHOOK_SIGNING_SECRET") ?? "");
const supabase = createClient(
  Deno.env.get("SUPABASE_URL") ?? "",
  JSON.parse(Deno.env.get("SUPABASE_SECRET_KEYS") ?? "{}").default,
);
const eventSchema = z.object({ type: z.string(), data: z.object({ id: z.string() }) });

export default {
  async fetch(request: Request): Promise<Response> {
    const body = await request.text();
    webhook.verify(body, Object.fromEntries(request.headers));
    const event = eventSchema.parse(JSON.parse(body));
    const { data, error } = await supabase.rpc("upsert_profiles", { profiles: [event.data] });
    return Response.json({ outcome: data }, { status: error === null ? 200 : 503 });
  },
};
