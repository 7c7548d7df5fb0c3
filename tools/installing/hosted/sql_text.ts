import { quote } from "../sql/sql_text.ts";

/** A JSON value as SQL writes it. */
export function quoteJson(value: unknown): string {
  return `${quote(JSON.stringify(value))}::jsonb`;
}

/**
 * A long text as SQL writes it, without a change to it.
 *
 * @param tag Of the dollar quotes; made longer until the text doesn't hold it.
 */
export function dollarQuote(text: string, tag: string): string {
  let quotes = `$${tag}$`;
  for (let number = 1; text.includes(quotes); number++) quotes = `$${tag}_${number}$`;
  return `${quotes}${text}${quotes}`;
}
