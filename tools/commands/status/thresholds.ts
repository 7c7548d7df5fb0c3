/** When something starts to be worth a look, or broken. Times are milliseconds. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Without a webhook. Quiet instances are well, so this alone is never more than worth a look. Svix disables
 * an endpoint after five days of failures, which leaves two days to find out.
 */
export const QUIET_AFTER = 3 * DAY;

/** Effects that have waited this long aren't merely late: a schedule runs every minute. */
export const EFFECTS_STUCK_AFTER = HOUR;

/** Without a completed reconciliation: a weekly one has a day to spare. */
export const RECONCILED_WITHIN = 8 * DAY;

/** Without anyone working on an open run: its worker is gone, and the schedule hasn't picked it up. */
export const RUN_LEFT_AFTER = 10 * MINUTE;

/** Without a new page, a backfill that isn't kept as a run is no longer under way. */
export const BACKFILL_LEFT_AFTER = HOUR;

/** Without a start of the daily job: pg_cron wasn't running at least once. */
export const DAILY_JOB_MISSED_AFTER = 2 * DAY;

/** Webhooks from another instance: if a wrong endpoint has sent nothing since, it was removed. */
export const FOREIGN_WEBHOOKS_MATTER_FOR = 7 * DAY;

/** How long the ledger remembers, plus the time that its pruning may take: a week of failed nights. */
export const LEDGER_TOO_OLD = (90 + 7) * DAY;

/** Between this machine's clock and the function's: signatures are valid for five minutes either way. */
export const CLOCKS_APART = MINUTE;

/** Dead letters in an hour that are more than bad luck, if they outnumber what was applied. */
export const POISONED_FROM = 10;

/** Duplicates in a day that are more than a few retries, if they are a third of all deliveries. */
export const DUPLICATES_FROM = 30;

/** What a reconciliation may repair in a night without it meaning that webhooks were lost. */
export const MENDED_WITHOUT_WORRY = 20;
