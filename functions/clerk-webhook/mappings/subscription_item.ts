import * as z from "zod/mini";
import { id, optionalFlag, optionalInteger, optionalText, optionalTime } from "../fields.ts";
import { defineMapping, type Row } from "../mapping.ts";
import { payerSchema, toDetails, toOwner, toOwnerPlaceholders } from "./payer.ts";

const money = z.nullish(z.object({ amount: optionalInteger, currency: optionalText }));

const plan = z.nullish(z.object({
  id: optionalText,
  slug: optionalText,
  name: optionalText,
  amount: optionalInteger,
  currency: optionalText,
  fee: money,
}));

/**
 * The fields of an item that have a column. Clerk's schema says `interval`, its TypeScript types
 * `plan_period`; only the schema has `subscription_id`, `seats` and a version, only the types `amount`. The
 * Backend API gives the price as the plan's `fee`, and no `subscription_id`.
 */
const fields = {
  subscription_id: optionalText,
  plan_id: optionalText,
  status: optionalText,
  interval: optionalText,
  plan_period: optionalText,
  amount: money,
  seats: z.nullish(z.object({ quantity: optionalInteger })),
  is_free_trial: optionalFlag,
  period_start: optionalTime,
  period_end: optionalTime,
  canceled_at: optionalTime,
  ended_at: optionalTime,
  past_due_at: optionalTime,
};

/** An item of a billing subscription. */
export const subscriptionItemSchema = z.object({
  id,
  payer: payerSchema,
  plan,
  ...fields,
  created_at: optionalTime,
  updated_at: optionalTime,
});

/**
 * The row of an item.
 *
 * @param data The item as it came, for its details.
 * @param occurredAt ISO 8601: the version of an item that carries none.
 */
export function toSubscriptionItem(
  item: z.output<typeof subscriptionItemSchema>,
  data: unknown,
  occurredAt: string,
): Row<"subscription_items"> {
  return {
    id: item.id,
    ...toOwner(item.payer),
    subscription_id: item.subscription_id,
    plan_id: item.plan_id ?? item.plan?.id,
    plan_slug: item.plan?.slug,
    plan_name: item.plan?.name,
    status: item.status,
    interval: item.interval ?? item.plan_period,
    amount: item.amount?.amount ?? item.plan?.amount ?? item.plan?.fee?.amount,
    currency: item.amount?.currency ?? item.plan?.currency ?? item.plan?.fee?.currency,
    quantity: item.seats?.quantity,
    is_free_trial: item.is_free_trial,
    period_start: item.period_start,
    period_end: item.period_end,
    canceled_at: item.canceled_at,
    ended_at: item.ended_at,
    past_due_at: item.past_due_at,
    details: toDetails(data, Object.keys(fields)),
    created_at: item.created_at,
    updated_at: item.updated_at ?? occurredAt,
  };
}

const upsert = defineMapping(subscriptionItemSchema, (item, { webhook, data }) => ({
  rpc: "upsert_subscription_items",
  args: {
    items: [toSubscriptionItem(item, data, webhook.occurred_at)],
    ...toOwnerPlaceholders(item.payer),
    webhook,
  },
}));

export const subscriptionItemMappings = {
  "subscriptionItem.created": upsert,
  "subscriptionItem.updated": upsert,
  "subscriptionItem.active": upsert,
  "subscriptionItem.canceled": upsert,
  "subscriptionItem.upcoming": upsert,
  "subscriptionItem.ended": upsert,
  "subscriptionItem.abandoned": upsert,
  "subscriptionItem.incomplete": upsert,
  "subscriptionItem.pastDue": upsert,
  "subscriptionItem.freeTrialEnding": upsert,
};
