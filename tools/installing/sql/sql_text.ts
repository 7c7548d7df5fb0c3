/** SQL literals, with single quotes as in the mirror's own SQL. */

export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** `array['…', …]::text[]`. */
export function quoteList(texts: string[]): string {
  return `array[${texts.map(quote).join(", ")}]::text[]`;
}

/** Breaks a list after commas into lines of a readable length, each with the same indent. */
export function wrapList(texts: string[], indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const [index, text] of texts.entries()) {
    const item = index === texts.length - 1 ? text : `${text},`;
    if (line !== "" && indent.length + line.length + 1 + item.length > 100) {
      lines.push(line);
      line = item;
    } else line = line === "" ? item : `${line} ${item}`;
  }
  return [...lines, line].map((text) => indent + text).join("\n");
}
