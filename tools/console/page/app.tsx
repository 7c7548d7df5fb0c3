/** The console's page: its URL decides what it shows. */
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ProjectInfo } from "../shapes.ts";
import { access, takeToken } from "./access.ts";
import { api } from "./api.ts";
import { followAddress, type Route, route } from "./route.ts";
import { useStore } from "./store.ts";
import { useResource } from "./use_resource.ts";
import { AbsenceBanner } from "./parts/absence_banner.tsx";
import { ConfirmDialog } from "./parts/confirm_dialog.tsx";
import { Navigation } from "./parts/navigation.tsx";
import { ErrorNotice, Notice } from "./parts/notice.tsx";
import { DeadLettersView } from "./views/dead_letters.tsx";
import { EffectsView } from "./views/effects.tsx";
import { EventsView } from "./views/events.tsx";
import { NoAccess } from "./views/no_access.tsx";
import { ObjectView } from "./views/object.tsx";
import { ObjectsView } from "./views/objects.tsx";
import { SendView } from "./views/send.tsx";
import { StatusView } from "./views/status.tsx";
import { ViewAsView } from "./views/view_as.tsx";

/** Milliseconds. What never changes while it is served is only requested again if it couldn't be read. */
const NEVER = 2 ** 31 - 1;

/** Milliseconds. The level next to the view's name: each time, the function is probed too. */
const LEVEL_EVERY = 60_000;

function App() {
  const mayEnter = useStore(access) === "open";
  return mayEnter ? <Console /> : <NoAccess />;
}

function Console() {
  const { value: project, error } = useResource("", api.project, NEVER);
  if (project) return <Shell project={project} />;
  return (
    <main id="content" class="no-access">
      <AbsenceBanner />
      <ErrorNotice message={error} />
      <p class="loading">Reading …</p>
    </main>
  );
}

function Shell({ project }: { project: ProjectInfo }) {
  const current = useStore(route);
  const { value: status } = useResource("", api.status, LEVEL_EVERY);
  const main = useRef<HTMLElement>(null);
  const place = `${current.view}/${current.id}`;
  const lastPlace = useRef(place);
  useEffect(() => {
    document.title = `${titleOf(current)} – Clerk mirror`;
    // After switching views with the keyboard, the focus starts at the beginning of the new one.
    if (lastPlace.current !== place) {
      lastPlace.current = place;
      scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
  }, [place]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Navigation project={project} view={current.view} level={status?.level} />
      <div class="page">
        <AbsenceBanner />
        <main id="content" ref={main} tabIndex={-1}>
          <View route={current} project={project} />
        </main>
      </div>
      <ConfirmDialog />
    </>
  );
}

function View({ route, project }: { route: Route; project: ProjectInfo }) {
  switch (route.view) {
    case "events":
      return <EventsView route={route} project={project} />;
    case "objects":
      return route.id === ""
        ? <ObjectsView route={route} />
        : <ObjectView key={route.id} route={route} />;
    case "view-as":
      return <ViewAsView route={route} />;
    case "dead-letters":
      return <DeadLettersView />;
    case "effects":
      return <EffectsView />;
    case "status":
      return <StatusView />;
    case "send":
      if (project.isDev) return <SendView project={project} />;
  }
  return (
    <>
      <h1>There is no such view</h1>
      <Notice icon="question">
        The console has nothing at this address. <a href="#/events">Events</a>
      </Notice>
    </>
  );
}

function titleOf({ view, id }: Route): string {
  const name = view.replace("-", " ");
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}${id === "" ? "" : ` ${id}`}`;
}

takeToken();
followAddress();
addEventListener("hashchange", () => {
  // Another link may be opened in the same tab: everything is read again with its key.
  if (takeToken()) location.reload();
  else followAddress();
});
const root = document.getElementById("app");
if (root) render(<App />, root);
