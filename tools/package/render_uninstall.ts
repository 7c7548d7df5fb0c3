import type { Naming } from "../../functions/_shared/naming.ts";
import type { Release } from "./contents.ts";

export function renderUninstall(_releases: Release[], _naming: Naming): string {
  throw new Error("To come");
}
export function holdersQuery(_releases: Release[], _naming: Naming): string {
  return "select '' as description, '' as remedy where false";
}
export function countRowsQuery(_releases: Release[], _naming: Naming): string {
  return "select '' as name, 0 as count where false";
}
