import { createStore } from "./store.ts";

/** What does not answer, as a sentence; undefined while everything does. */
export const absence = createStore<string | undefined>(undefined);

/** By who asked: what one of them hears says nothing of what another asks for. */
const absences = new Map<symbol, string>();

/** Somebody who asks again and again was not answered; `undefined` once he was, or asks no more. */
export function reportAbsence(asker: symbol, message: string | undefined): void {
  if (message === undefined) absences.delete(asker);
  else absences.set(asker, message);
  const [first] = absences.values();
  absence.set(first);
}
