import * as z from "zod/mini";
import { id, optionalInteger, optionalText, optionalTime, time } from "../fields.ts";
import { defineMapping, type Row } from "../mapping.ts";
import { payerSchema, toDetails, toOwner, toOwnerPlaceholders } from "./payer.ts";

/** The fields of a payment attempt that have a column. */
const fields = {
  payment_id: optionalText,
  status: optionalText,
  charge_type: optionalText,
  failed_reason: z.nullish(z.object({ code: optionalText })),
  billing_date: optionalTime,
  paid_at: optionalTime,
  failed_at: optionalTime,
};

/** An attempt to collect a payment. */
export const paymentAttemptSchema = z.object({
  id,
  payer: payerSchema,
  totals: z.nullish(z.object({
    grand_total: z.nullish(z.object({ amount: optionalInteger, currency: optionalText })),
  })),
  ...fields,
  created_at: time,
  updated_at: time,
});

/**
 * The row of a payment attempt.
 *
 * @param data The object as it came, for its details.
 */
export function toPaymentAttempt(
  attempt: z.output<typeof paymentAttemptSchema>,
  data: unknown,
): Row<"payment_attempts"> {
  const total = attempt.totals?.grand_total;
  return {
    id: attempt.id,
    ...toOwner(attempt.payer),
    payment_id: attempt.payment_id,
    status: attempt.status,
    charge_type: attempt.charge_type,
    amount: total?.amount,
    currency: total?.currency,
    failed_reason: attempt.failed_reason?.code,
    billing_date: attempt.billing_date,
    paid_at: attempt.paid_at,
    failed_at: attempt.failed_at,
    details: toDetails(data, Object.keys(fields)),
    created_at: attempt.created_at,
    updated_at: attempt.updated_at,
  };
}

const upsert = defineMapping(paymentAttemptSchema, (attempt, { webhook, data }) => ({
  rpc: "upsert_payment_attempts",
  args: {
    attempts: [toPaymentAttempt(attempt, data)],
    ...toOwnerPlaceholders(attempt.payer),
    webhook,
  },
}));

export const paymentAttemptMappings = {
  "paymentAttempt.created": upsert,
  "paymentAttempt.updated": upsert,
};
