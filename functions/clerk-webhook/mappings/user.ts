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
import type { Json } from "../../_shared/database.types.ts";
import { defineMapping, type Row } from "../mapping.ts";

const verification = z.nullish(z.object({ status: optionalText }));

/** An external account. Its permissions at the provider (scopes, tokens) are deliberately left out. */
const externalAccount = z.object({
  id: optionalId,
  provider: optionalText,
  provider_user_id: optionalText,
  email_address: optionalText,
  verification,
});

/** A full user, as `user.*` events carry it, session events nest it and the Backend API lists it. */
export const userSchema = z.object({
  id,
  external_id: optionalText,
  username: optionalText,
  first_name: optionalText,
  last_name: optionalText,
  image_url: optionalText,
  has_image: optionalFlag,
  locale: optionalText,
  primary_email_address_id: optionalId,
  email_addresses: z.nullish(z.array(z.object({ id, email_address: text, verification }))),
  primary_phone_number_id: optionalId,
  phone_numbers: z.nullish(z.array(z.object({ id, phone_number: text, verification }))),
  primary_web3_wallet_id: optionalId,
  web3_wallets: z.nullish(
    z.array(z.object({ id: optionalId, web3_wallet: text, verification })),
  ),
  external_accounts: z.nullish(z.array(externalAccount)),
  public_metadata: optionalObject,
  unsafe_metadata: optionalObject,
  password_enabled: optionalFlag,
  two_factor_enabled: optionalFlag,
  totp_enabled: optionalFlag,
  backup_code_enabled: optionalFlag,
  create_organization_enabled: optionalFlag,
  delete_self_enabled: optionalFlag,
  banned: optionalFlag,
  locked: optionalFlag,
  deprovisioned: optionalFlag,
  last_sign_in_at: optionalTime,
  last_active_at: optionalTime,
  legal_accepted_at: optionalTime,
  created_at: time,
  updated_at: time,
});

type User = z.output<typeof userSchema>;

/** The row of a full user. */
export function toProfile(user: User): Row<"profiles"> {
  const email = user.email_addresses?.find(({ id }) => id === user.primary_email_address_id);
  const phone = user.phone_numbers?.find(({ id }) => id === user.primary_phone_number_id);
  return {
    id: user.id,
    external_id: user.external_id,
    username: user.username,
    email: email?.email_address,
    email_verified: email && isVerified(email),
    phone_number: phone?.phone_number,
    phone_number_verified: phone && isVerified(phone),
    first_name: user.first_name,
    last_name: user.last_name,
    image_url: user.image_url,
    has_image: user.has_image,
    identifiers: toIdentifiers(user),
    locale: user.locale,
    public_metadata: user.public_metadata ?? {},
    unsafe_metadata: user.unsafe_metadata ?? {},
    password_enabled: user.password_enabled,
    two_factor_enabled: user.two_factor_enabled,
    totp_enabled: user.totp_enabled,
    backup_code_enabled: user.backup_code_enabled,
    create_organization_enabled: user.create_organization_enabled,
    delete_self_enabled: user.delete_self_enabled,
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

/** All addresses and accounts of a user, as the view `profile_identifiers` reads them. */
function toIdentifiers(user: User): Json[] {
  return [
    ...(user.email_addresses ?? []).map((email) => ({
      type: "email_address",
      id: email.id,
      value: email.email_address,
      is_verified: isVerified(email),
      is_primary: email.id === user.primary_email_address_id,
    })),
    ...(user.phone_numbers ?? []).map((phone) => ({
      type: "phone_number",
      id: phone.id,
      value: phone.phone_number,
      is_verified: isVerified(phone),
      is_primary: phone.id === user.primary_phone_number_id,
    })),
    ...(user.web3_wallets ?? []).map((wallet) => ({
      type: "web3_wallet",
      id: wallet.id ?? null,
      value: wallet.web3_wallet,
      is_verified: isVerified(wallet),
      is_primary: Boolean(wallet.id) && wallet.id === user.primary_web3_wallet_id,
    })),
    ...(user.external_accounts ?? []).map((account) => ({
      type: "external_account",
      id: account.id ?? null,
      value: account.email_address || null,
      provider: account.provider ?? null,
      provider_user_id: account.provider_user_id ?? null,
      is_verified: isVerified(account),
      is_primary: false,
    })),
  ];
}

function isVerified(
  { verification }: { verification?: { status?: string | null | undefined } | null | undefined },
): boolean {
  return verification?.status === "verified";
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
