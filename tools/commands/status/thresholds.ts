/** From when on something is worth a look, or broken. Times are milliseconds. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Without a webhook. Quiet instances are well, so that this alone is never more than worth a look; Svix
 * disables an endpoint after five days of failures, which leaves two to find out.
 */
export const QUIET_AFTER = 3 * DAY;

/** Effects that wait so long are not merely late: a schedule comes by every minute. */
export const EFFECTS_STUCK_AFTER = HOUR;

/** Without a reconciliation that was done: a weekly one has a day to spare. */
export const RECONCILED_WITHIN = 8 * DAY;

/** Without anybody at work on an open run: whoever was is gone, and the schedule has not come by. */
export const RUN_LEFT_AFTER = 10 * MINUTE;

/** Without a new page, a backfill that no run keeps is not under way any more. */
export const BACKFILL_LEFT_AFTER = HOUR;

/** Without a start of the daily job: pg_cron was away at one time at least. */
export const DAILY_JOB_MISSED_AFTER = 2 * DAY;

/** Webhooks of another instance: a wrong endpoint that has sent nothing since was taken away. */
export const FOREIGN_WEBHOOKS_MATTER_FOR = 7 * DAY;

/** How long the ledger remembers, and the time that its pruning may take: a week of failed nights. */
export const LEDGER_TOO_OLD = (90 + 7) * DAY;

/** Between this machine's clock and the function's: signatures are good for five minutes either way. */
export const CLOCKS_APART = MINUTE;

/** Dead letters of an hour that are more than bad luck, if they outnumber what was applied. */
export const POISONED_FROM = 10;

/** Duplicates of a day that are more than some retries, if they are a third of all deliveries. */
export const DUPLICATES_FROM = 30;

/** What a reconciliation mends in a night without telling of webhooks that were lost. */
export const MENDED_WITHOUT_WORRY = 20;
