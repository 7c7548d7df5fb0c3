import { useEffect, useRef } from "preact/hooks";
import type { ProjectInfo, StatusAnswer } from "../../shapes.ts";
import { addressOf } from "../route.ts";
import { Icon, type IconName } from "./icon.tsx";
import { LevelBadge } from "./level.tsx";

const VIEWS: { view: IconName; name: string }[] = [
  { view: "events", name: "Events" },
  { view: "objects", name: "Objects" },
  { view: "view-as", name: "View as" },
  { view: "dead-letters", name: "Dead letters" },
  { view: "effects", name: "Effects" },
  { view: "status", name: "Status" },
];

/** Whose mirror it is, and the views. */
export function Navigation(
  { project, view: current, level }: {
    project: ProjectInfo;
    view: string;
    level: StatusAnswer["level"] | undefined;
  },
) {
  const row = useRef<HTMLElement>(null);
  const chosen = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    // On a phone, the views are a row that is wider than the page. (Scrolling a link into view would make the
    // Tab key start there.)
    if (row.current && chosen.current) row.current.scrollLeft = chosen.current.offsetLeft - 40;
  }, [current]);
  const views = project.isDev ? [...VIEWS, { view: "send" as const, name: "Send" }] : VIEWS;
  return (
    <header class="top">
      <div class="brand">
        <img src="/icon.svg" alt="" width="28" height="28" />
        <div>
          <p class="name">Clerk mirror</p>
          <p class="project" title={project.url}>{new URL(project.url).host}</p>
        </div>
      </div>
      <nav aria-label="Views" ref={row}>
        <ul>
          {views.map(({ view, name }) => (
            <li key={view}>
              <a
                href={addressOf(view)}
                ref={view === current ? chosen : null}
                aria-current={view === current ? "page" : undefined}
              >
                <Icon name={view} />
                {name}
                {view === "status" && level !== undefined && level !== "well" && (
                  <LevelBadge level={level} />
                )}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <p class="release">
        {project.isDev && <span class="tag">development</span>} {project.release}
      </p>
    </header>
  );
}
