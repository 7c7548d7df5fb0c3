import { useEffect, useState } from "preact/hooks";
import { api } from "../api.ts";
import { formatCount } from "../format.ts";
import { addressOf, goTo, type Route } from "../route.ts";
import { useResource } from "../use_resource.ts";
import { FoundList } from "../parts/found_list.tsx";
import { Icon } from "../parts/icon.tsx";
import { ErrorNotice, Notice } from "../parts/notice.tsx";

/** Milliseconds after the last keystroke. */
const AFTER_TYPING = 250;

/** Finds an object by its id, address, name or slug. */
export function ObjectsView({ route }: { route: Route }) {
  const query = route.query.get("query") ?? "";
  const [text, setText] = useState(query);
  useEffect(() => {
    if (text.trim() === query) return;
    const timer = setTimeout(
      // A keystroke is not a step to go back to.
      () => location.replace(addressOf("objects", "", { query: text.trim() })),
      AFTER_TYPING,
    );
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <>
      <header class="view-header">
        <h1>Objects</h1>
        <p class="lead">
          A user, an organization, a session, or anything else from Clerk.
        </p>
      </header>
      <form
        class="search"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          goTo(addressOf("objects", "", { query: text.trim() }));
        }}
      >
        <Icon name="search" />
        <input
          type="search"
          aria-label="Find an object by id, email, name or slug"
          placeholder="Id, email, name or slug"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit">Find</button>
      </form>
      {query !== "" && <Found query={query} />}
    </>
  );
}

function Found({ query }: { query: string }) {
  const { value, error } = useResource(query, (signal) => api.findObjects(query, signal), 15_000);
  return (
    <>
      <ErrorNotice message={error} />
      <p class="count" aria-live="polite">
        {value && value.objects.length > 0 &&
          `${formatCount(value.objects.length, "object")} found${
            value.isCut ? "; there may be more" : ""
          }`}
      </p>
      {value && (value.objects.length === 0
        ? <Notice icon="search">Nothing found for “{query}”.</Notice>
        : <FoundList objects={value.objects} />)}
    </>
  );
}
