import type { EventCounts } from "../../shapes.ts";
import { formatCount, formatNumber, formatTime, formatWord } from "../format.ts";
import { Scroller } from "./rows.tsx";

/** From the bottom of a bar to its top; whatever isn't listed here comes last. */
const ORDER = ["applied", "duplicate", "ignored", "stale", "dead_lettered"];

/** Units of the drawing; it is stretched to the available width. */
const WIDTH = 10;
const GAP = 2;
const HEIGHT = 100;

/** Events by outcome over time: as a drawing, and as a table for people who can't see it. */
export function EventChart({ counts: { window, buckets } }: { counts: EventCounts }) {
  const outcomes = outcomesOf(buckets);
  const sums = outcomes.map((outcome) => sum(buckets.map(({ counts }) => counts[outcome] ?? 0)));
  const totals = buckets.map(({ counts }) => sum(Object.values(counts)));
  const highest = Math.max(...totals, 0);
  const all = sum(totals);
  const title = window === "hour" ? "Last hour" : "Last day";
  const unit = window === "hour" ? "minute" : "hour";
  return (
    <figure class="chart" aria-label={title}>
      <figcaption>
        <h3>{title}</h3>
        <span class="count">
          {all === 0
            ? "no events"
            : `${formatCount(all, "event")}, at most ${formatNumber(highest)} in ${
              unit === "hour" ? "an hour" : "a minute"
            }`}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${buckets.length * WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}: ${formatCount(all, "event")}. The table below has the figures.`}
      >
        {[0.25, 0.5, 0.75].map((share) => (
          <rect
            key={share}
            class="grid"
            x={0}
            y={HEIGHT * share}
            width={buckets.length * WIDTH}
            height={0.5}
          />
        ))}
        {buckets.map((bucket, index) => (
          <Bar
            key={bucket.startsAt}
            x={index * WIDTH}
            counts={bucket.counts}
            outcomes={outcomes}
            highest={highest}
          />
        ))}
      </svg>
      <div class="axis" aria-hidden="true">
        <span>{formatTime(buckets[0]?.startsAt ?? "")}</span>
        <span>now</span>
      </div>
      <ul class="legend">
        {outcomes.map((outcome, index) => (
          <li key={outcome}>
            <svg viewBox="0 0 10 10" aria-hidden="true">
              <rect class={`bar ${outcome}`} width="10" height="10" rx="2" />
            </svg>
            {formatWord(outcome)} <b>{formatNumber(sums[index] ?? 0)}</b>
          </li>
        ))}
      </ul>
      {all > 0 && (
        <details>
          <summary>As a table</summary>
          <Scroller label={`${title}, as a table`}>
            <table>
              <thead>
                <tr>
                  <th scope="col">From</th>
                  {outcomes.map((outcome) => (
                    <th key={outcome} scope="col" class="number">{formatWord(outcome)}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {buckets.filter((_bucket, index) => (totals[index] ?? 0) > 0).map((bucket) => (
                  <tr key={bucket.startsAt}>
                    <th scope="row">{formatTime(bucket.startsAt)}</th>
                    {outcomes.map((outcome) => (
                      <td key={outcome} class="number">
                        {formatNumber(bucket.counts[outcome] ?? 0)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroller>
        </details>
      )}
    </figure>
  );
}

function Bar(
  { x, counts, outcomes, highest }: {
    x: number;
    counts: Record<string, number>;
    outcomes: string[];
    highest: number;
  },
) {
  let top = HEIGHT;
  return (
    <g>
      {outcomes.map((outcome) => {
        const height = HEIGHT * (counts[outcome] ?? 0) / Math.max(1, highest);
        top -= height;
        return height > 0 && (
          <rect
            key={outcome}
            class={`bar ${outcome}`}
            x={x + GAP / 2}
            y={top}
            width={WIDTH - GAP}
            height={height}
          />
        );
      })}
    </g>
  );
}

function outcomesOf(buckets: EventCounts["buckets"]): string[] {
  const found = new Set(buckets.flatMap(({ counts }) => Object.keys(counts)));
  return [
    ...ORDER.filter((outcome) => found.has(outcome)),
    ...[...found].filter((outcome) => !ORDER.includes(outcome)),
  ];
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
