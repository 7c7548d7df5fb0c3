import { useState } from "preact/hooks";
import type { DeadLetters, ReplayResults } from "../../shapes.ts";
import { api } from "../api.ts";
import { writeAsked } from "../confirm.ts";
import { formatCount } from "../format.ts";
import { useResource } from "../use_resource.ts";
import { OutcomeBadge } from "../parts/badge.tsx";
import { Icon } from "../parts/icon.tsx";
import { ErrorNotice, Notice } from "../parts/notice.tsx";
import { Scroller } from "../parts/rows.tsx";
import { Time } from "../parts/time.tsx";

/** What couldn't be applied, and waits to be replayed. */
export function DeadLettersView() {
  const { value, error, reload } = useResource("", api.deadLetters, 5000);
  const [results, setResults] = useState<ReplayResults["results"]>([]);
  const [failure, setFailure] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  async function replay(ids: string[] | "all"): Promise<void> {
    setBusy(true);
    setFailure(undefined);
    try {
      const answer = await writeAsked((isConfirmed) => api.replay(ids, isConfirmed));
      if (answer) setResults(answer.results);
      reload();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <header class="view-header">
        <h1>Dead letters</h1>
        <p class="lead">
          Verified events that could not be applied. Once the reason is gone, replay them.
        </p>
        {value !== undefined && value.count > 0 && (
          <button
            type="button"
            class="primary"
            disabled={isBusy}
            onClick={() => replay("all")}
          >
            <Icon name="replay" />
            Replay all {value.count > 1 ? value.count : ""}
          </button>
        )}
      </header>
      <ErrorNotice message={failure ?? error} />
      <Results results={results} />
      {value === undefined
        ? error === undefined && <p class="loading">Reading …</p>
        : value.deadLetters.length === 0
        ? <Notice icon="check">None is waiting.</Notice>
        : (
          <>
            <ul class="letters">
              {value.deadLetters.map((letter) => (
                <li key={letter.id}>
                  <Letter letter={letter} isBusy={isBusy} onReplay={() => replay([letter.id])} />
                </li>
              ))}
            </ul>
            {value.count > value.deadLetters.length && (
              <p class="count">
                The first {value.deadLetters.length} of {formatCount(value.count, "dead letter")}.
              </p>
            )}
          </>
        )}
    </>
  );
}

/** The results of a replay. */
function Results({ results }: { results: ReplayResults["results"] }) {
  return (
    <section class="results" aria-label="Results of the replay" aria-live="polite">
      {results.length > 0 && (
        <>
          <h2>{formatCount(results.length, "event")} replayed</h2>
          <ul>
            {results.map(({ id, outcome, reason }) => (
              <li key={id}>
                <OutcomeBadge outcome={outcome} /> <span class="id">{id}</span>
                {reason !== undefined && <span class="reason">{reason}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Letter(
  { letter, isBusy, onReplay }: {
    letter: DeadLetters["deadLetters"][number];
    isBusy: boolean;
    onReplay: () => void;
  },
) {
  const { id, type, reason, payload, attempts, receivedAt } = letter;
  return (
    <article class="letter" aria-label={`${type}, ${id}`}>
      <div class="head">
        <h2>{type}</h2>
        <button type="button" disabled={isBusy} onClick={onReplay}>
          <Icon name="replay" />
          Replay<span class="for-listeners">{id}</span>
        </button>
      </div>
      <p class="reason">{reason}</p>
      <p class="meta">
        <span class="id">{id}</span> <Time at={receivedAt} /> {formatCount(attempts, "attempt")}
      </p>
      <details>
        <summary>Payload, without its secrets</summary>
        <Scroller label={`Payload of ${id}`}>
          <pre class="json">{JSON.stringify(payload, null, 2)}</pre>
        </Scroller>
      </details>
    </article>
  );
}
