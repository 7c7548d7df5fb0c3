import { absence } from "../connection.ts";
import { useStore } from "../store.ts";
import { Icon } from "./icon.tsx";

/** Says what isn't responding, for as long as it isn't. */
export function AbsenceBanner() {
  const message = useStore(absence);
  return (
    <div class="banner" role="status">
      {message !== undefined && (
        <p>
          <Icon name="warning" />
          <span>
            <b>{message}.</b> You see what was last read. The page reconnects on its own.
          </span>
        </p>
      )}
    </div>
  );
}
