import type { CallDatabase } from "./database.ts";
import { Inapplicable, isUnknownFunction, Unavailable } from "./errors.ts";
import type { Call } from "./mapping.ts";

/** Calls in a group, at most. */
const MAX_CALLS = 64;

/** Characters of JSON in a group, at most; a call that is longer goes alone. */
const MAX_LENGTH = 512 * 1024;

/** Milliseconds after which a call under way holds nobody up any more: it may wait for a lock. */
const SLOW_AFTER = 250;

/** After one group in a row that is refused, so many calls go alone; after each further one, twice as many. */
const CALLS_ALONE = 64;
const MAX_CALLS_ALONE = 1024;

/** Groups under way at once, at most. Where all of them are slow, calls go as if there were no groups. */
const MAX_LANES = 4;

/**
 * What is no word about the calls themselves: no answer at all, or troubles of the connection, of the server
 * or of the REST layer with it. What was sent may have been committed.
 */
const LOST = /^(?:|(?:08|53|57P)[0-9A-Z]+|PGRST0\d\d)$/;

interface Waiting {
  call: Call;
  deadline: number | undefined;
  resolve: (outcome: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * Joins the calls that come while one is under way into the next one: one transaction, which waits for the
 * disk once. While none is, a call goes at once, alone. Each ends as it would alone: with its own outcome,
 * after its own commit, or with its own error.
 *
 * - Calls that delete or count go alone, at once: only those that write rows for a webhook are joined.
 * - What the database refuses as a group is called one by one, and so are those that come next.
 * - Where the answer to a group is lost, each of its calls fails: whoever sends them again finds duplicates
 *   of what was committed.
 * - A database that knows no groups gets none.
 */
export function groupCalls(callAlone: CallDatabase): CallDatabase {
  const queue: Waiting[] = [];
  let isSupported = true;
  let maxCalls = MAX_CALLS;
  let callsAlone = 0;
  let refusals = 0;
  let lanes = 0;
  let slowLanes = 0;

  /** Brings what waits on its way, unless a call that is under way will take it along soon. */
  function proceed(): void {
    if (queue.length === 0 || lanes > slowLanes) return;
    if (lanes < MAX_LANES) void runLane();
    else for (const waiting of queue.splice(0)) void settleAlone(waiting);
  }

  /** Makes one call after the other until nothing waits, or another lane goes on. */
  async function runLane(): Promise<void> {
    lanes++;
    while (queue.length > 0 && lanes - slowLanes === 1) await watch(takeGroup());
    lanes--;
  }

  /** Settles a group, and lets others go on where that takes long: the next groups are smaller then. */
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
      // Anything but a list is no outcome for anybody.
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
