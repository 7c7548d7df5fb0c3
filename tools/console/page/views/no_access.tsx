/** What a visitor without the link sees. */
export function NoAccess() {
  return (
    <main id="content" class="no-access" tabIndex={-1}>
      <h1>This console needs its link</h1>
      <p>
        The command that serves it prints a link with a key in it, which is new each time it starts.
        Open that link: this tab's key is missing, or belongs to an earlier console.
      </p>
      <ul>
        <li>
          <code>npx clerk-supabase-mirror console</code> for any project
        </li>
        <li>
          <code>npx clerk-supabase-mirror dev</code> for its own stack
        </li>
      </ul>
    </main>
  );
}
