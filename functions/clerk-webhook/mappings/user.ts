import * as z from "zod/mini";
import {
  deletedObject,
  id,
  optionalFlag,
  optionalId,
  optionalObject,
  optionalText,
  optionalTime,
  text,
  time,
} from "../fields.ts";
import { defineMapping, type Row } from "../mapping.ts";

const verification = z.nullish(z.object({ status: optionalText }));

/** A full user, as `user.*` events carry it, session events nest it and the Backend API lists it. */
export const userSchema = z.object({
  id,
  external_id: optionalText,
  username: optionalText,
  first_name: optionalText,
  last_name: optionalText,
  image_url: optionalText,
  has_image: optionalFlag,
  primary_email_address_id: optionalId,
  email_addresses: z.nullish(z.array(z.object({ id, email_address: text, verification }))),
  primary_phone_number_id: optionalId,
  phone_numbers: z.nullish(z.array(z.object({ id, phone_number: text, verification }))),
  public_metadata: optionalObject,
  unsafe_metadata: optionalObject,
  two_factor_enabled: optionalFlag,
  banned: optionalFlag,
  locked: optionalFlag,
  deprovisioned: optionalFlag,
  last_sign_in_at: optionalTime,
  last_active_at: optionalTime,
  legal_accepted_at: optionalTime,
  created_at: time,
  updated_at: time,
});

/** The row of a full user. */
export function toProfile(user: z.output<typeof userSchema>): Row<"profiles"> {
  const email = user.email_addresses?.find(({ id }) => id === user.primary_email_address_id);
  const phone = user.phone_numbers?.find(({ id }) => id === user.primary_phone_number_id);
  return {
    id: user.id,
    external_id: user.external_id,
    username: user.username,
    email: email?.email_address,
    email_verified: email && email.verification?.status === "verified",
    phone_number: phone?.phone_number,
    phone_number_verified: phone && phone.verification?.status === "verified",
    first_name: user.first_name,
    last_name: user.last_name,
    image_url: user.image_url,
    has_image: user.has_image,
    public_metadata: user.public_metadata ?? {},
    unsafe_metadata: user.unsafe_metadata ?? {},
    two_factor_enabled: user.two_factor_enabled,
    banned: user.banned,
    locked: user.locked,
    deprovisioned: user.deprovisioned,
    last_sign_in_at: user.last_sign_in_at,
    last_active_at: user.last_active_at,
    legal_accepted_at: user.legal_accepted_at,
    created_at: user.created_at,
    updated_at: user.updated_at,
  };
}

const upsert = defineMapping(userSchema, (user, { webhook }) => ({
  rpc: "upsert_profiles",
  args: { profiles: [toProfile(user)], webhook },
}));

export const userMappings = {
  "user.created": upsert,
  "user.updated": upsert,
  "user.deleted": defineMapping(deletedObject, (user, { webhook }) => ({
    rpc: "delete_profile",
    args: { user_id: user.id, webhook },
  })),
};
