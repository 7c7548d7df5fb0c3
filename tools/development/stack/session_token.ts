import { SignJWT } from "jose";

/**
 * A Clerk session token, as far as Supabase looks into one: the user's claims, signed with the stack's own
 * secret where Clerk would use its key.
 *
 * @param claims Further claims, such as `{ o: { id: "org_…", rol: "admin" } }`.
 */
export function sessionToken(
  userId: string,
  jwtSecret: string,
  claims: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT({ role: "authenticated", v: 2, ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(jwtSecret));
}
