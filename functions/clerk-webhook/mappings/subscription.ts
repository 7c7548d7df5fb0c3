import * as z from "zod/mini";
import { id, optionalText, optionalTime, time } from "../fields.ts";
import { defineMapping, type Row } from "../mapping.ts";
import { payerSchema, toDetails, toOwner, toOwnerPlaceholders } from "./payer.ts";

/** The fields of a subscription that have a column. Clerk's sources disagree about the others. */
const fields = {
  status: optionalText,
  payer_id: optionalText,
  latest_payment_id: optionalText,
  active_at: optionalTime,
  canceled_at: optionalTime,
  ended_at: optionalTime,
  past_due_at: optionalTime,
};

/** A billing subscription. The items nested in it are details here: they have their own events. */
export const subscriptionSchema = z.object({
  id,
  payer: payerSchema,
  ...fields,
  created_at: time,
  updated_at: time,
});

/**
 * The row of a subscription.
 *
 * @param data The object as it came, for its details.
 */
export function toSubscription(
  subscription: z.output<typeof subscriptionSchema>,
  data: unknown,
): Row<"subscriptions"> {
  return {
    id: subscription.id,
    ...toOwner(subscription.payer),
    status: subscription.status,
    payer_id: subscription.payer_id,
    latest_payment_id: subscription.latest_payment_id,
    active_at: subscription.active_at,
    canceled_at: subscription.canceled_at,
    ended_at: subscription.ended_at,
    past_due_at: subscription.past_due_at,
    details: toDetails(data, Object.keys(fields)),
    created_at: subscription.created_at,
    updated_at: subscription.updated_at,
  };
}

const upsert = defineMapping(subscriptionSchema, (subscription, { webhook, data }) => ({
  rpc: "upsert_subscriptions",
  args: {
    subscriptions: [toSubscription(subscription, data)],
    ...toOwnerPlaceholders(subscription.payer),
    webhook,
  },
}));

export const subscriptionMappings = {
  "subscription.created": upsert,
  "subscription.updated": upsert,
  "subscription.active": upsert,
  "subscription.pastDue": upsert,
};
