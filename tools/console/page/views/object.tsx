import type { ObjectDetail } from "../../shapes.ts";
import { api } from "../api.ts";
import { formatCount, formatNumber } from "../format.ts";
import { addressOf, type Route } from "../route.ts";
import { useResource } from "../use_resource.ts";
import { StateBadge } from "../parts/badge.tsx";
import { EventTable } from "../parts/event_table.tsx";
import { FoundList } from "../parts/found_list.tsx";
import { ErrorNotice, Notice } from "../parts/notice.tsx";
import { Scroller } from "../parts/rows.tsx";
import { Time } from "../parts/time.tsx";
import { Value } from "../parts/value.tsx";

/** An object: its row, what belongs to it, its place in the order, and its way through events. */
export function ObjectView({ route }: { route: Route }) {
  const { id } = route;
  const table = route.query.get("table") ?? "";
  const { value, error } = useResource(
    `${table} ${id}`,
    (signal) => api.object(id, table, signal),
    5000,
  );
  return (
    <>
      <p class="back">
        <a href={addressOf("objects")}>Objects</a>
      </p>
      {value ? <Detail object={value} /> : (
        <>
          <h1 class="id">{id}</h1>
          {error === undefined && <p class="loading">Reading …</p>}
        </>
      )}
      <ErrorNotice message={error} />
    </>
  );
}

function Detail({ object }: { object: ObjectDetail }) {
  const { id, table, label, state, row, owners, belongings, events, areEventsCut } = object;
  return (
    <>
      <header class="view-header">
        <h1>{label ?? id}</h1>
        <p class="lead">
          <span class="table">{table}</span> <span class="id">{id}</span>
          <StateBadge state={state} />
        </p>
        {table === "profiles" && row !== null && (
          <a class="button" href={addressOf("view-as", id)}>View as this user</a>
        )}
      </header>
      <Order object={object} />
      <section aria-labelledby="way-heading">
        <h2 id="way-heading">
          Its way{" "}
          <span class="count">
            {formatCount(events.length, "event")}, newest first
            {areEventsCut && "; earlier ones are left out"}
          </span>
        </h2>
        {events.length === 0
          ? <Notice icon="events">The ledger has no event about it.</Notice>
          : (
            <Scroller label="Its history">
              <EventTable label="Events about it, newest first" events={events.toReversed()} />
            </Scroller>
          )}
      </section>
      <div class="columns">
        <section aria-labelledby="row-heading">
          <h2 id="row-heading">Row</h2>
          {row === null ? <Notice>The mirror has no row for it.</Notice> : (
            <dl class="row">
              {Object.entries(row).toSorted(byColumn).map(([column, value]) => (
                <div key={column}>
                  <dt>{column}</dt>
                  <dd>
                    <Value value={value} />
                  </dd>
                </div>
              ))}
            </dl>
          )}
        </section>
        <div>
          {owners.length > 0 && (
            <section aria-labelledby="owners-heading">
              <h2 id="owners-heading">Belongs to</h2>
              <FoundList objects={owners} />
            </section>
          )}
          <Belongings belongings={belongings} />
        </div>
      </div>
    </>
  );
}

/** The id first, then by name. */
function byColumn([one]: [string, unknown], [other]: [string, unknown]): number {
  if (one === "id" || other === "id") return one === "id" ? -1 : 1;
  return one < other ? -1 : 1;
}

function Belongings({ belongings }: Pick<ObjectDetail, "belongings">) {
  const none = belongings.filter(({ count }) => count === 0).map(({ table }) => table);
  return (
    <>
      {belongings.filter(({ count }) => count > 0).map(({ table, count, objects }) => (
        <section key={table} aria-labelledby={`belongings-${table}`}>
          <h2 id={`belongings-${table}`}>
            {table} <span class="count">{formatNumber(count)}</span>
          </h2>
          <FoundList objects={objects} isOfOneTable />
          {count > objects.length && (
            <p class="count">The first {formatNumber(objects.length)} are shown.</p>
          )}
        </section>
      ))}
      {none.length > 0 && <p class="count belongings-none">Nothing in {none.join(", ")}.</p>}
    </>
  );
}

/** Which event wrote it last, and whether it is gone for good. */
function Order({ object: { version, tombstone } }: { object: ObjectDetail }) {
  if (version === null && tombstone === null) return null;
  return (
    <dl class="facts" aria-label="Its place in the order of events">
      {version?.updatedAt && (
        <div>
          <dt>Changed in Clerk</dt>
          <dd>
            <Time at={version.updatedAt} />
          </dd>
        </div>
      )}
      {version?.occurredAt && (
        <div>
          <dt>Time of the event</dt>
          <dd>
            <Time at={version.occurredAt} />
          </dd>
        </div>
      )}
      {version && (
        <div>
          <dt>Message</dt>
          <dd class="id">{version.webhookId}</dd>
        </div>
      )}
      {tombstone && (
        <div class="tombstone">
          <dt>Deleted for good</dt>
          <dd>
            <Time at={tombstone.deletedAt} />
          </dd>
        </div>
      )}
    </dl>
  );
}
