import { RELEASE } from "../../../functions/_shared/release.ts";
import { sampleTypes } from "../../development/events/sample_event.ts";
import { projectAddress } from "../project_address.ts";
import type { Route } from "../route.ts";
import type { ProjectInfo } from "../shapes.ts";
import { MIRRORED_TABLES } from "../mirrored_tables.ts";

/** What is known without asking the project: the page has something to show while the project is down. */
export const projectRoutes: Route[] = [{
  method: "GET",
  path: "/api/project",
  answer(_question, { project, dev }): Promise<ProjectInfo> {
    return Promise.resolve({
      url: projectAddress(project),
      isDev: dev !== undefined,
      release: RELEASE,
      eventTypes: dev === undefined ? [] : sampleTypes(),
      tables: MIRRORED_TABLES,
    });
  },
}];
