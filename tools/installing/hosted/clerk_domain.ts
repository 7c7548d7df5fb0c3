import { Buffer } from "node:buffer";

/** A host, as Clerk shows it in its Dashboard under Integrations, Supabase. */
const DOMAIN = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/;

const PUBLISHABLE_KEYS = [
  "CLERK_PUBLISHABLE_KEY",
  "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY",
  "VITE_CLERK_PUBLISHABLE_KEY",
];

/**
 * The domain whose session tokens the project should accept: the one given, else the one in a publishable
 * key.
 *
 * @returns Without `https://`; undefined if neither is given.
 * @throws {Error} if what is given isn't one.
 */
export function readClerkDomain(
  given: string | undefined,
  configured: (name: string) => string | undefined,
): string | undefined {
  if (given !== undefined) return parseDomain(given);
  for (const name of PUBLISHABLE_KEYS) {
    const key = configured(name);
    if (key !== undefined) return domainOfKey(name, key);
  }
  return undefined;
}

function parseDomain(text: string): string {
  const domain = text.trim().toLowerCase().replace(/^https:\/\//, "").replace(/\/+$/, "");
  if (DOMAIN.test(domain)) return domain;
  throw new Error(
    `"--clerk-domain ${text}" is not a domain such as "example.clerk.accounts.dev", as Clerk's Dashboard shows ` +
      "it under Integrations, Supabase",
  );
}

/** A publishable key is `pk_live_` or `pk_test_`, followed by the domain and "$" in base64. */
function domainOfKey(variable: string, key: string): string {
  const [, encoded = ""] = /^pk_(?:live|test)_([A-Za-z0-9+/_-]+={0,2})$/.exec(key.trim()) ?? [];
  const text = Buffer.from(encoded, "base64").toString();
  const domain = text.replace(/\$$/, "");
  if (text.endsWith("$") && DOMAIN.test(domain)) return domain;
  throw new Error(
    `${variable}: This is not a publishable key of Clerk's. Correct it, or give "--clerk-domain"`,
  );
}
