export interface MirrorObject {
  kind: "schema" | "type" | "table" | "view" | "function";
  schema: string;
  name: string;
  arguments?: string[];
}

export function listObjects(sql: string): MirrorObject[] {
  return [...sql.matchAll(/^create (table|view|function|type) (\w+)\.(\w+)/gm)].flatMap((
    [, kind, schema, name],
  ) =>
    schema === undefined || name === undefined ? [] : [{
      kind: kind === "table" ? "table" : kind === "view" ? "view" : "function",
      schema,
      name,
    }]
  );
}
