import process from "node:process";
import { confirm, isCancel } from "@clack/prompts";

/**
 * Asks once whether to continue.
 *
 * @param isAgreed Whether `--yes` was given, which skips the question.
 * @throws {Error} if there is no one to ask.
 */
export async function isConfirmed(question: string, isAgreed: boolean): Promise<boolean> {
  if (isAgreed) return true;
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new Error('Add "--yes": there is no terminal to ask on. Nothing was changed');
  }
  const answer = await confirm({ message: question, initialValue: false });
  return answer === true && !isCancel(answer);
}
