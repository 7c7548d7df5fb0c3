import { quote } from "../sql/sql_text.ts";

/** A JSON value as an SQL literal. */
export function quoteJson(value: unknown): string {
  return `${quote(JSON.stringify(value))}::jsonb`;
}

/**
 * A long text as an unchanged SQL literal.
 *
 * @param tag For the dollar quotes; made longer until the text doesn't contain it.
 */
export function dollarQuote(text: string, tag: string): string {
  let quotes = `$${tag}$`;
  for (let number = 1; text.includes(quotes); number++) quotes = `$${tag}_${number}$`;
  return `${quotes}${text}${quotes}`;
}
