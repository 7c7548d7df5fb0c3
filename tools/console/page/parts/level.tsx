import type { StatusAnswer } from "../../shapes.ts";
import { Icon, type IconName } from "./icon.tsx";

type Level = StatusAnswer["level"];

const LEVELS: Record<Level, { icon: IconName; word: string; tone: string }> = {
  well: { icon: "check", word: "Well", tone: "good" },
  look: { icon: "warning", word: "Look", tone: "look" },
  broken: { icon: "cross", word: "Broken", tone: "bad" },
};

/** How something is doing: an icon and a word, not color alone. */
export function LevelBadge({ level }: { level: Level }) {
  const { icon, word, tone } = LEVELS[level];
  return (
    <span class={`badge ${tone}`}>
      <Icon name={icon} />
      {word}
    </span>
  );
}
