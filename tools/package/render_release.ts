import type { Naming } from "../../functions/_shared/naming.ts";
import type { Release } from "./contents.ts";
import { renderMigration } from "./render_migration.ts";

export function renderRelease(releases: Release[], version: string, naming: Naming): string {
  const release = releases.find((one) => one.version === version);
  if (release === undefined) throw new Error(`There is no release ${version}`);
  return renderMigration(release.sql, naming);
}
