import { useState } from "preact/hooks";
import type { Effects } from "../../shapes.ts";
import { api } from "../api.ts";
import { writeAsked } from "../confirm.ts";
import { formatCount, formatNumber } from "../format.ts";
import { useResource } from "../use_resource.ts";
import { StateBadge } from "../parts/badge.tsx";
import { Icon } from "../parts/icon.tsx";
import { ErrorNotice, Notice } from "../parts/notice.tsx";
import { ObjectLink } from "../parts/object_link.tsx";
import { Scroller } from "../parts/rows.tsx";
import { Time } from "../parts/time.tsx";

/** Side effects: what is due, what is running, and what was given up. */
export function EffectsView() {
  const { value, error, reload } = useResource("", api.effects, 3000);
  const [done, setDone] = useState("");
  const [failure, setFailure] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  async function retry(ids: string[] | "parked"): Promise<void> {
    setBusy(true);
    setFailure(undefined);
    try {
      const answer = await writeAsked((isConfirmed) => api.retry(ids, isConfirmed));
      if (answer) setDone(`${formatCount(answer.count, "effect")} will be tried again.`);
      reload();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  const parkedCount = value?.handlers.reduce((sum, { parkedCount }) => sum + parkedCount, 0) ?? 0;
  return (
    <>
      <header class="view-header">
        <h1>Effects</h1>
        <p class="lead">What happens outside the database after an event, once each.</p>
        {parkedCount > 0 && (
          <button
            type="button"
            class="primary"
            disabled={isBusy}
            onClick={() => retry("parked")}
          >
            <Icon name="replay" />
            Try {parkedCount === 1 ? "the parked one" : `all ${formatNumber(parkedCount)}`} again
          </button>
        )}
      </header>
      <ErrorNotice message={failure ?? error} />
      <p class="done" role="status">{done}</p>
      {value === undefined ? error === undefined && <p class="loading">Reading …</p> : (
        <>
          <Handlers handlers={value.handlers} />
          {value.effects.length === 0
            ? <Notice icon="check">Nothing is waiting.</Notice>
            : <EffectTable effects={value.effects} isBusy={isBusy} retry={(id) => retry([id])} />}
        </>
      )}
    </>
  );
}

function Handlers({ handlers }: { handlers: Effects["handlers"] }) {
  if (handlers.length === 0) return null;
  return (
    <ul class="tiles" aria-label="Handlers">
      {handlers.map(({ handler, isEnabled, dueCount, dueSince, parkedCount }) => (
        <li key={handler} class="tile">
          <h2>{handler}</h2>
          <p>
            <b>{formatNumber(dueCount)}</b> due{dueSince !== null && (
              <>
                {" "}since <Time at={dueSince} />
              </>
            )}
          </p>
          <p>
            <b>{formatNumber(parkedCount)}</b> parked
          </p>
          {isEnabled !== true && (
            <p class="advice">
              {isEnabled === false ? "Switched off" : "No worker is configured for it"}
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}

function EffectTable(
  { effects, isBusy, retry }: {
    effects: Effects["effects"];
    isBusy: boolean;
    retry: (id: string) => void;
  },
) {
  return (
    <Scroller label="Effects">
      <table class="effects">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Effect</th>
            <th scope="col">Object</th>
            <th scope="col" class="number">Attempts</th>
            <th scope="col">Due</th>
            <th scope="col">Last error</th>
            <th scope="col">
              <span class="for-listeners">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {effects.map((effect) => (
            <tr key={effect.id}>
              <td>
                <StateBadge state={effect.state} />
              </td>
              <td>
                <b>{effect.handler}</b>
                <span class="type">{effect.eventType}</span>
              </td>
              <td>
                <ObjectLink id={effect.objectId} />
              </td>
              <td class="number">{formatNumber(effect.attempts)}</td>
              <td>
                <Time at={effect.dueAt} />
              </td>
              <td class="error">{effect.lastError ?? <span class="none">none</span>}</td>
              <td>
                {effect.state === "parked" && (
                  <button
                    type="button"
                    disabled={isBusy}
                    onClick={() => retry(effect.id)}
                  >
                    Try again<span class="for-listeners">{effect.handler} {effect.objectId}</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
