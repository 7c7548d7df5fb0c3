import { Refusal } from "./api.ts";
import { createStore } from "./store.ts";

/** What the page asks before it writes. */
export interface Question {
  sentence: string;
  answer(isYes: boolean): void;
}

/** The current question. */
export const question = createStore<Question | undefined>(undefined);

/**
 * Writes. A project that others use is only written to after a confirmation, whose question the server words.
 *
 * @returns Undefined if the answer was no.
 */
export async function writeAsked<Result>(
  write: (isConfirmed: boolean) => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await write(false);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 409) throw error;
    return await ask(error.message) ? await write(true) : undefined;
  }
}

function ask(sentence: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked: Question = {
      sentence,
      answer(isYes) {
        // The dialog also closes once it is answered.
        if (question.get() === asked) question.set(undefined);
        resolve(isYes);
      },
    };
    question.set(asked);
  });
}
