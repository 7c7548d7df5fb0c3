import type { StatusAnswer } from "../../shapes.ts";
import { api } from "../api.ts";
import { formatDuration, formatWord } from "../format.ts";
import { useResource } from "../use_resource.ts";
import { StateBadge } from "../parts/badge.tsx";
import { EventChart } from "../parts/event_chart.tsx";
import { LevelBadge } from "../parts/level.tsx";
import { ErrorNotice, Notice } from "../parts/notice.tsx";
import { Rows } from "../parts/rows.tsx";
import { Time } from "../parts/time.tsx";

const HEADLINES: Record<StatusAnswer["level"], string> = {
  well: "All is well",
  look: "Something is worth a look",
  broken: "Something is broken",
};

/** How the mirror is doing, what the last reconciliations found, and how many events arrived. */
export function StatusView() {
  const { value, error } = useResource("", api.status, 15_000);
  return (
    <>
      <header class="view-header">
        <h1>{value ? HEADLINES[value.level] : "Status"}</h1>
        <p class="lead">
          {value
            ? (
              <>
                Looked at <Time at={value.takenAt} />.
              </>
            )
            : "Looking …"}
        </p>
      </header>
      <ErrorNotice message={error} />
      {value && <Lines lines={value.lines} />}
      <section aria-labelledby="charts-heading">
        <h2 id="charts-heading">Events by outcome</h2>
        <div class="charts">
          <Chart window="hour" />
          <Chart window="day" />
        </div>
      </section>
      {value && <Runs runs={value.runs} />}
    </>
  );
}

/** What is broken first. */
const URGENCY: StatusAnswer["level"][] = ["broken", "look", "well"];

function byUrgency(one: StatusAnswer["lines"][number], other: typeof one): number {
  return URGENCY.indexOf(one.level) - URGENCY.indexOf(other.level);
}

function Lines({ lines }: { lines: StatusAnswer["lines"] }) {
  return (
    <ul class="tiles status" aria-label="What was checked">
      {lines.toSorted(byUrgency).map(({ name, level, text, advice }) => (
        <li key={name} class={`tile ${level}`}>
          <div class="head">
            <h2>{formatWord(name)}</h2>
            <LevelBadge level={level} />
          </div>
          <p>{text}</p>
          {advice !== undefined && <p class="advice">{advice}</p>}
        </li>
      ))}
    </ul>
  );
}

function Chart({ window }: { window: "hour" | "day" }) {
  const { value, error } = useResource(window, (signal) => api.counts(window, signal), 10_000);
  if (error !== undefined) return <ErrorNotice message={error} />;
  return value ? <EventChart counts={value} /> : null;
}

function Runs({ runs }: { runs: StatusAnswer["runs"] }) {
  return (
    <section aria-labelledby="runs-heading">
      <h2 id="runs-heading">Backfills and reconciliations</h2>
      {runs.length === 0
        ? <Notice icon="replay">None has been recorded yet.</Notice>
        : <ul class="runs">{runs.map((run) => <Run key={run.id} run={run} />)}</ul>}
    </section>
  );
}

function Run({ run }: { run: StatusAnswer["runs"][number] }) {
  const { id, kind, askedBy, isRepair, state, startedAt, endedAt, error, results } = run;
  return (
    <li>
      <details>
        <summary>
          <span class="name">
            {formatWord(kind)} {id}
          </span>
          <StateBadge state={state} />
          <span class="meta">
            <Time at={startedAt} />
            {endedAt !== null && `, ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`}
            {`, by ${askedBy}`}
            {isRepair && ", with repair"}
          </span>
          <span class="found">{summarize(results)}</span>
        </summary>
        {error !== null && <Notice icon="cross" tone="bad">{error}</Notice>}
        {results.length > 0
          ? <Rows label={`Results of ${kind} ${id}`} rows={results} />
          : <Notice>No results yet.</Notice>}
      </details>
    </li>
  );
}

/** What a run found that differed from Clerk. */
const FINDINGS = ["missing", "outdated", "buried", "gone", "repaired", "refused_count"];

function summarize(results: Record<string, unknown>[]): string {
  const found = FINDINGS.flatMap((name) => {
    const count = results.reduce((sum, result) => sum + (Number(result[name]) || 0), 0);
    return count > 0 ? [`${count} ${name.replace("_count", "")}`] : [];
  });
  if (found.length > 0) return found.join(", ");
  return results.length > 0 ? "found no difference" : "";
}
