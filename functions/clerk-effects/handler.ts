import { methodNotAllowed, unauthorized, unavailable } from "../_shared/answers.ts";
import { isAuthorized } from "../_shared/is_authorized.ts";
import { openJournal } from "../_shared/journal.ts";
import { Misconfiguration } from "../_shared/misconfiguration.ts";
import { createSupabase } from "../_shared/supabase.ts";
import { drain, type DrainOptions } from "./drain.ts";
import type { EffectHandler } from "./effect.ts";
import type { EffectsConfig } from "./env.ts";
import { createOutbox } from "./outbox.ts";

/** What the handler works with. */
export interface EffectsHandlerOptions {
  config: EffectsConfig | Misconfiguration;
  configuredHandlers: (config: EffectsConfig) => EffectHandler[];
  /** Receives one line per effect and per failure, fewer for successes; the console by default. */
  log?: (line: string) => void;
  /** Milliseconds that one effect may take; 20,000 by default. */
  handlerTimeout?: number;
}

type Worker = Pick<DrainOptions, "outbox" | "supabase" | "handlers">;

/** Creates the worker's request handler: a request with the secret key drains the outbox. */
export function createEffectsHandler(
  options: EffectsHandlerOptions,
): (request: Request) => Promise<Response> {
  const { config, log = console.log } = options;
  const journal = openJournal(config, log);
  let worker: Worker | undefined;

  async function work(config: EffectsConfig): Promise<Response> {
    if (worker === undefined) {
      const supabase = createSupabase(config);
      const outbox = createOutbox(supabase);
      const handlers = options.configuredHandlers(config);
      await outbox.register(handlers.map(({ name }) => name));
      worker = { outbox, supabase, handlers };
    }
    const report = await drain({
      ...worker,
      journal,
      ...(options.handlerTimeout === undefined ? {} : { handlerTimeout: options.handlerTimeout }),
    });
    return Response.json(report);
  }

  return async (request) => {
    if (request.method !== "POST") {
      return methodNotAllowed();
    }
    if (config instanceof Misconfiguration) {
      const { variable, message: reason } = config;
      journal.fail({ error: "misconfigured", variable, reason });
      return Response.json({ error: "misconfigured" }, { status: 500 });
    }
    if (!isAuthorized(request, config.supabaseKey)) {
      return unauthorized();
    }
    try {
      return await work(config);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      journal.fail({ error: "unavailable", reason });
      return unavailable();
    }
  };
}
