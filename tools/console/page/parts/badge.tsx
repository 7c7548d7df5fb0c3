import { formatWord } from "../format.ts";
import { Icon, type IconName } from "./icon.tsx";

type Tone = "good" | "calm" | "look" | "bad";

const OUTCOMES: Record<string, { icon: IconName; tone: Tone; meaning: string }> = {
  applied: { icon: "check", tone: "good", meaning: "It was written to the mirror" },
  duplicate: { icon: "copy", tone: "calm", meaning: "It had arrived before" },
  stale: { icon: "clock", tone: "look", meaning: "The mirror already had something newer" },
  ignored: { icon: "minus", tone: "calm", meaning: "Nothing to do for this type" },
  dead_lettered: { icon: "cross", tone: "bad", meaning: "It could not be applied, and waits" },
};

const STATES: Record<string, { icon: IconName; tone: Tone; meaning: string }> = {
  full: { icon: "check", tone: "good", meaning: "Everything Clerk says about it is here" },
  placeholder: { icon: "clock", tone: "look", meaning: "Only known from other objects so far" },
  erased: {
    icon: "minus",
    tone: "calm",
    meaning: "Deleted; an empty row stays for what references it",
  },
  deleted: { icon: "cross", tone: "calm", meaning: "Deleted for good" },
  parked: { icon: "warning", tone: "bad", meaning: "Given up after too many attempts" },
  running: { icon: "play", tone: "good", meaning: "Under way" },
  due: { icon: "clock", tone: "look", meaning: "Ready to run" },
  waiting: { icon: "clock", tone: "calm", meaning: "Will run later" },
  open: { icon: "play", tone: "look", meaning: "Under way" },
  done: { icon: "check", tone: "good", meaning: "Ended well" },
  failed: { icon: "cross", tone: "bad", meaning: "Ended with an error" },
};

const UNKNOWN = { icon: "question", tone: "calm", meaning: "" } as const;

/** The outcome of an event. */
export function OutcomeBadge({ outcome }: { outcome: string }) {
  return <Badge word={outcome} {...OUTCOMES[outcome] ?? UNKNOWN} />;
}

/** The state of an object, an effect or a run. */
export function StateBadge({ state }: { state: string }) {
  return <Badge word={state} {...STATES[state] ?? UNKNOWN} />;
}

function Badge(
  { word, icon, tone, meaning }: { word: string; icon: IconName; tone: Tone; meaning: string },
) {
  return (
    <span class={`badge ${tone}`} title={meaning}>
      <Icon name={icon} />
      {formatWord(word)}
    </span>
  );
}
