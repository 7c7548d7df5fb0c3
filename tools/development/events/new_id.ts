/** Clerk and Svix name things with KSUIDs: 32 bits of time, 128 random bits, in base 62. */
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 27;

/** Unix seconds of the KSUID epoch. */
const EPOCH = 1_400_000_000;

/**
 * A fresh id such as `user_36kQv2nUeT0fYw7BzXc4Hd9LmPa`, whose byte order is time order.
 *
 * @param prefix What comes before the underscore, `user` or `msg`.
 * @param at Unix milliseconds.
 */
export function newId(prefix: string, at: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  new DataView(bytes.buffer).setUint32(0, Math.floor(at / 1000) - EPOCH);
  let value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let digits = "";
  for (; value > 0n; value /= 62n) digits = DIGITS.charAt(Number(value % 62n)) + digits;
  return `${prefix}_${digits.padStart(LENGTH, "0")}`;
}
