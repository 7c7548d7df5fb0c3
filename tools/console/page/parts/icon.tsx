/** Outlines of 16 by 16, drawn here so that nothing has to be fetched. */
const PATHS = {
  events: "M1.5 8h3l2-5 3 10 2-5h3",
  objects: "M8 1.5 14 5v6l-6 3.5L2 11V5zM2 5l6 3.5L14 5M8 8.5v6",
  "view-as":
    "M1 8s2.5-4.5 7-4.5S15 8 15 8s-2.5 4.5-7 4.5S1 8 1 8zm7 2a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  "dead-letters": "M1.5 4h13v8.5h-13zM1.5 4.5 8 9l6.5-4.5",
  effects: "M9 1.5 3 9h4.5L7 14.5 13 7H8.5z",
  status: "M8 14S1.5 10.2 1.5 5.7A3.3 3.3 0 0 1 8 4.6a3.3 3.3 0 0 1 6.5 1.1C14.5 10.2 8 14 8 14z",
  send: "M14.5 1.5 1.5 6.5l5 3 3 5zM6.5 9.5l8-8",
  check: "M3 8.5 6.5 12 13 4.5",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  clock: "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM8 4.5V8l2.5 1.5",
  minus: "M3.5 8h9",
  warning: "M8 2 14.5 13.5h-13zM8 6.5v3.5M8 11.9v.1",
  cross: "M4 4l8 8M12 4l-8 8",
  play: "M5 3.5v9l7-4.5z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14 14",
  replay: "M13 3.5v3.5H9.5M12.7 7A5 5 0 1 0 13 9.5",
  question: "M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.7.4-1.1.8-1.1 1.6M8 12.3v.1",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon next to a word that says the same: decorative only. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
