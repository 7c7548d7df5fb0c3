/** Comments, quoted strings of each kind, the end of a statement, and what is between them. */
const PIECE =
  /(?<comment>--[^\n]*|\/\*[\s\S]*?\*\/)|(?<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\3\$)|(?<end>;)|(?<plain>[^;'"$\/-]+|[\s\S])/g;

/**
 * Splits SQL into its statements: without comments and semicolons, and with single spaces for any white space
 * outside of quotes. What is quoted stays as it is, including function bodies.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let statement = "";
  for (const { groups } of sql.matchAll(PIECE)) {
    const { quoted, end, plain } = groups ?? {};
    if (end !== undefined) {
      statements.push(statement.trim());
      statement = "";
    } else if (quoted !== undefined) statement += quoted;
    else statement = joinPlain(statement, plain ?? " ");
  }
  return [...statements, statement.trim()].filter((text) => text !== "");
}

function joinPlain(statement: string, plain: string): string {
  const single = plain.replace(/\s+/g, " ");
  return statement.endsWith(" ") && single.startsWith(" ")
    ? statement + single.slice(1)
    : statement + single;
}

/** Splits at commas outside of parentheses and quotes. */
export function splitList(list: string): string[] {
  const items: string[] = [];
  let item = "";
  let depth = 0;
  for (const [piece] of list.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[\s\S]/g)) {
    if (piece === "(") depth++;
    if (piece === ")") depth--;
    if (piece === "," && depth === 0) {
      items.push(item.trim());
      item = "";
    } else item += piece;
  }
  return [...items, item.trim()].filter((text) => text !== "");
}

/** What is between the first parenthesis of a text and its closing one; empty without any. */
export function readParentheses(text: string): string {
  const start = text.indexOf("(");
  if (start < 0) return "";
  let depth = 0;
  let position = start;
  for (const [piece] of text.slice(start).matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[\s\S]/g)) {
    if (piece === "(") depth++;
    if (piece === ")") depth--;
    if (depth === 0) break;
    position += piece.length;
  }
  return text.slice(start + 1, position);
}
