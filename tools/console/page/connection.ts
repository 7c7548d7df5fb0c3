import { createStore } from "./store.ts";

/** What isn't responding, as a sentence; undefined while everything is. */
export const absence = createStore<string | undefined>(undefined);

/** By poller: what happens to one says nothing about another. */
const absences = new Map<symbol, string>();

/** A poll got no response; `undefined` once it did, or stopped. */
export function reportAbsence(asker: symbol, message: string | undefined): void {
  if (message === undefined) absences.delete(asker);
  else absences.set(asker, message);
  const [first] = absences.values();
  absence.set(first);
}
