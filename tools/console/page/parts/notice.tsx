import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.tsx";

/** Something to know, such as why there is nothing to see. */
export function Notice(
  { icon = "minus", tone = "calm", children }: {
    icon?: IconName;
    tone?: "calm" | "look" | "bad";
    children: ComponentChildren;
  },
) {
  return (
    <div class={`notice ${tone}`}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

/** What was refused. */
export function ErrorNotice({ message }: { message: string | undefined }) {
  return (
    <div role="alert">
      {message === undefined ? null : <Notice icon="cross" tone="bad">{message}</Notice>}
    </div>
  );
}
