import { timingSafeEqual } from "node:crypto";

/**
 * Whether a request has the project's secret key. Supabase's clients send it as `apikey`, schedules often as
 * a bearer token.
 */
export function isAuthorized({ headers }: Request, key: string): boolean {
  const bearer = /^Bearer (.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  return isSame(headers.get("apikey") ?? bearer ?? "", key);
}

function isSame(given: string, expected: string): boolean {
  const encoder = new TextEncoder();
  const [left, right] = [encoder.encode(given), encoder.encode(expected)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}
