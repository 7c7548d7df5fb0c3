import type { CallDatabase } from "./database.ts";
import { Inapplicable, isUnknownFunction, Unavailable } from "./errors.ts";
import type { Call } from "./mapping.ts";

/** The most calls in a group. */
const MAX_CALLS = 64;

/** The most characters of JSON in a group; a longer call goes alone. */
const MAX_LENGTH = 512 * 1024;

/** Milliseconds after which a call in flight no longer holds up others: it may be waiting for a lock. */
const SLOW_AFTER = 250;

/** How many calls go alone after a refused group; twice as many after each further refusal in a row. */
const CALLS_ALONE = 64;
const MAX_CALLS_ALONE = 1024;

/** The most groups in flight at once. If all of them are slow, calls go out as if there were no groups. */
const MAX_LANES = 4;

/**
 * Codes that say nothing about the calls themselves: no response at all, or problems of the connection, the
 * server or the REST layer. What was sent may have been committed.
 */
const LOST = /^(?:|(?:08|53|57P)[0-9A-Z]+|PGRST0\d\d)$/;

interface Waiting {
  call: Call;
  deadline: number | undefined;
  resolve: (outcome: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * Joins the calls that arrive while one is in flight into the next one: one transaction, which waits for the
 * disk once. If none is in flight, a call goes out at once, alone. Each ends as it would alone: with its own
 * outcome, after its own commit, or with its own error.
 *
 * - Calls that delete or count go alone, at once: only those that write rows for a webhook are joined.
 * - A group that the database refuses is retried one call at a time, and the calls after it go alone too.
 * - If the response to a group is lost, each of its calls fails: when they are sent again, those that were
 * committed turn out to be duplicates.
 * - A database that doesn't know groups gets none.
 */
export function groupCalls(callAlone: CallDatabase): CallDatabase {
  const queue: Waiting[] = [];
  let isSupported = true;
  let maxCalls = MAX_CALLS;
  let callsAlone = 0;
  let refusals = 0;
  let lanes = 0;
  let slowLanes = 0;

  /** Sends what is waiting, unless a call in flight will take it along soon. */
  function proceed(): void {
    if (queue.length === 0 || lanes > slowLanes) return;
    if (lanes < MAX_LANES) void runLane();
    else for (const waiting of queue.splice(0)) void settleAlone(waiting);
  }

  /** Makes one call after the other until nothing is waiting, or another lane takes over. */
  async function runLane(): Promise<void> {
    lanes++;
    while (queue.length > 0 && lanes - slowLanes === 1) await watch(takeGroup());
    lanes--;
  }

  /** Settles a group, and lets others proceed if that takes long: the next groups are smaller then. */
  async function watch(group: Waiting[]): Promise<void> {
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      slowLanes++;
      maxCalls = Math.ceil(group.length / 2);
      proceed();
    }, SLOW_AFTER);
    await (group.length === 1 ? Promise.all(group.map(settleAlone)) : settleGroup(group));
    clearTimeout(timer);
    if (isSlow) slowLanes--;
    else maxCalls = Math.min(MAX_CALLS, maxCalls * 2);
  }

  function takeGroup(): Waiting[] {
    let [count, length] = [0, 0];
    for (const { call } of queue.slice(0, maxCalls)) {
      length += queue.length === 1 ? 0 : JSON.stringify(call.args).length;
      if (count > 0 && length > MAX_LENGTH) break;
      count++;
    }
    return queue.splice(0, count);
  }

  async function settleGroup(group: Waiting[]): Promise<void> {
    let outcomes: unknown;
    try {
      outcomes = await callAlone(
        { rpc: "apply_group", args: { calls: group.map(({ call }) => call.args) } },
        Math.min(...group.map(({ deadline = Infinity }) => deadline)),
      );
    } catch (error) {
      if (error instanceof Unavailable && isUnknownFunction(error.code)) isSupported = false;
      if (isLost(error)) {
        for (const { reject } of group) reject(error);
        return;
      }
      callsAlone = Math.min(CALLS_ALONE * 2 ** refusals++, MAX_CALLS_ALONE);
      await Promise.all([...group, ...queue.splice(0)].map(settleAlone));
      return;
    }
    refusals = 0;
    for (const [index, { resolve }] of group.entries()) {
      // Anything but a list is not an outcome for any of them.
      resolve(Array.isArray(outcomes) ? outcomes[index] : outcomes);
    }
  }

  function settleAlone({ call, deadline, resolve, reject }: Waiting): Promise<void> {
    return callAlone(call, deadline).then(resolve, reject);
  }

  return (call, deadline) => {
    if (!isSupported || !isGroupable(call)) return callAlone(call, deadline);
    if (callsAlone > 0) {
      callsAlone--;
      return callAlone(call, deadline);
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    queue.push({ call, deadline, resolve, reject });
    proceed();
    return promise;
  };
}

/** Whether a call does nothing but write rows for a webhook. */
export function isGroupable({ args }: Call): boolean {
  const { webhook, ...lists } = { webhook: undefined, ...args };
  return webhook !== undefined && Object.keys(lists).length > 0 &&
    Object.values(lists).every(Array.isArray);
}

function isLost(error: unknown): boolean {
  if (error instanceof Inapplicable) return false;
  return !(error instanceof Unavailable) || LOST.test(error.code);
}
