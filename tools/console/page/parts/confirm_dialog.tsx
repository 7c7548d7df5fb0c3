import { useEffect, useRef } from "preact/hooks";
import { type Question, question } from "../confirm.ts";
import { useStore } from "../store.ts";

/** Shows the current question, if there is one. */
export function ConfirmDialog() {
  const open = useStore(question);
  return open === undefined ? null : <Asking {...open} />;
}

function Asking({ sentence, answer }: Question) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="confirm-heading"
      aria-describedby="confirm-sentence"
      onClose={() => answer(false)}
    >
      <h2 id="confirm-heading">Write to this project?</h2>
      <p id="confirm-sentence">{sentence}</p>
      <div class="actions">
        <button type="button" autofocus onClick={() => answer(false)}>No, leave it</button>
        <button type="button" class="primary" onClick={() => answer(true)}>Yes, write</button>
      </div>
    </dialog>
  );
}
