/**
 * What a statement is made of: comments, which can be nested; strings, of which only those that are names
 * matter here; and the rest.
 */
const PIECE = new RegExp(
  [
    /--[^\n]*/,
    /(?<block>\/\*)/,
    /(?<text>\b[eE]'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|(?<![\w$])\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$)/,
    /(?<name>"(?:[^"]|"")*")/,
    /(?<end>;)/,
    /(?<plain>[^\-/'"$;eE]+|[\s\S])/,
  ].map(({ source }) => source).join("|"),
  "gy",
);

/**
 * Splits any SQL into its statements, to see what they create: without comments, with an empty string for
 * every string, single spaces for white space, and quoted names as they are. For a `do` block, it returns the
 * statements inside. What is between `begin atomic` and `end` is split as well; it creates nothing.
 */
export function splitSql(sql: string): string[] {
  const statements: string[] = [];
  let statement = "";
  let position = 0;
  while (position < sql.length) {
    PIECE.lastIndex = position;
    const found = PIECE.exec(sql);
    if (found === null) break;
    const { block, text, tag, name, end, plain } = found.groups ?? {};
    position = block === undefined ? PIECE.lastIndex : endOfComment(sql, position);
    if (end !== undefined) {
      statements.push(statement);
      statement = "";
    } else if (tag !== undefined && /^\s*do\b/i.test(statement)) {
      statements.push(...splitBlock(text?.slice(tag.length + 2, -tag.length - 2) ?? ""));
    } else statement += text === undefined ? name ?? plain ?? " " : "''";
  }
  return [...statements, statement]
    .map((one) => one.replace(/\s+/g, " ").trim())
    .filter((one) => one !== "");
}

/** The statements of a `do` block, as if all of them ran. */
function splitBlock(body: string): string[] {
  return splitSql(body).map((statement) =>
    statement.replace(/^.*\b(?:begin|then|else|loop) (?=(?:create|drop|alter) )/is, "")
  );
}

/** Where the comment that begins at a position ends: it may contain others. */
function endOfComment(sql: string, start: number): number {
  const edges = /\/\*|\*\//g;
  edges.lastIndex = start;
  let depth = 0;
  for (let edge = edges.exec(sql); edge !== null; edge = edges.exec(sql)) {
    depth += edge[0] === "/*" ? 1 : -1;
    if (depth === 0) return edges.lastIndex;
  }
  return sql.length;
}
