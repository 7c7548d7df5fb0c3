import { Value } from "./value.tsx";

/** The rows of any table. If it is wider than the page, it scrolls on its own, also with the keyboard. */
export function Rows({ label, rows }: { label: string; rows: Record<string, unknown>[] }) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return (
    <Scroller label={label}>
      <table class="rows">
        <thead>
          <tr>{columns.map((column) => <th key={column} scope="col">{column}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {columns.map((column) => (
                <td key={column}>
                  <Value value={row[column]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}

/** Content that may be wider than the page, and then scrolls on its own. */
export function Scroller(
  { label, children }: { label: string; children: preact.ComponentChildren },
) {
  return <div class="scroller" role="region" aria-label={label} tabIndex={0}>{children}</div>;
}
