import { useState } from "preact/hooks";
import type { ProjectInfo, SendResults } from "../../shapes.ts";
import { api, type EventFilter } from "../api.ts";
import { addressOf } from "../route.ts";
import { useLiveEvents } from "../use_live_events.ts";
import { OutcomeBadge } from "../parts/badge.tsx";
import { EventTable } from "../parts/event_table.tsx";
import { Icon } from "../parts/icon.tsx";
import { ErrorNotice } from "../parts/notice.tsx";

const WAYS = [
  { way: "plain", name: "As it is", what: "one event, correctly signed" },
  { way: "twice", name: "Twice", what: "the same message delivered again" },
  { way: "late", name: "Late", what: "an update before its creation" },
  { way: "malformed", name: "Malformed", what: "signed, but malformed" },
  { way: "burst", name: "A burst", what: "100 at once" },
];

/** Responses that are kept on the page. */
const KEPT = 200;

/** Rows of the list to watch. */
const WATCHED = 12;

const EVERYTHING: EventFilter = { type: "", outcome: "", object: "" };

/** Sends events to the development stack, and shows what happened to them. */
export function SendView({ project }: { project: ProjectInfo }) {
  const [answers, setAnswers] = useState<SendResults["answers"]>([]);
  const [failure, setFailure] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  async function send(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const data = new FormData(event.currentTarget);
    setBusy(true);
    setFailure(undefined);
    try {
      const { answers: sent } = await api.send(String(data.get("type")), String(data.get("way")));
      setAnswers((earlier) => [...sent.toReversed(), ...earlier].slice(0, KEPT));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <header class="view-header">
        <h1>Send</h1>
        <p class="lead">Any of Clerk's events, sent to the development stack as Clerk would.</p>
      </header>
      <form class="send" onSubmit={send}>
        <label>
          <span>Event</span>
          <select name="type">
            {project.eventTypes.map((type) => (
              <option key={type} value={type} selected={type === "user.created"}>{type}</option>
            ))}
          </select>
        </label>
        <fieldset>
          <legend>How</legend>
          {WAYS.map(({ way, name, what }) => (
            <label key={way}>
              <input type="radio" name="way" value={way} defaultChecked={way === "plain"} />
              <span>
                <b>{name}</b> {what}
              </span>
            </label>
          ))}
        </fieldset>
        <button type="submit" class="primary" disabled={isBusy}>
          <Icon name="send" />
          Send
        </button>
      </form>
      <ErrorNotice message={failure} />
      <div class="columns">
        <section aria-labelledby="answers-heading" aria-live="polite">
          <h2 id="answers-heading">Answers</h2>
          {answers.length === 0 ? <p class="none">None yet.</p> : (
            <>
              <Summary answers={answers} />
              <ul class="answers">
                {answers.slice(0, WATCHED).map(({ id, type, status, outcome }, index) => (
                  <li key={`${id} ${answers.length - index}`}>
                    <span class="status">{status}</span>
                    <OutcomeBadge outcome={outcome} />
                    <span class="type">{type}</span>
                  </li>
                ))}
              </ul>
            </>
          )}
        </section>
        <Watch />
      </div>
    </>
  );
}

function Summary({ answers }: { answers: SendResults["answers"] }) {
  const counts = new Map<string, number>();
  for (const { outcome } of answers.toReversed()) {
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return (
    <p class="count">
      {[...counts].map(([outcome, count]) => `${count} ${outcome.replace("_", " ")}`).join(", ")}
    </p>
  );
}

function Watch() {
  const { list } = useLiveEvents(EVERYTHING, false);
  const shown = list?.events.slice(0, WATCHED) ?? [];
  return (
    <section aria-labelledby="watch-heading">
      <h2 id="watch-heading">
        Events as they arrive <a href={addressOf("events")}>all</a>
      </h2>
      {list === undefined || shown.length === 0 ? <p class="none">None yet.</p> : (
        <EventTable
          label="The newest events"
          events={shown}
          knownCount={Math.max(0, shown.length - list.arrived)}
        />
      )}
    </section>
  );
}
