export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "public": {
    Tables: {
      "organization_domains": {
        Row: {
          "affiliation_email_address": string | null;
          "created_at": string | null;
          "deleted_at": string | null;
          "enrollment_mode": string | null;
          "id": string;
          "name": string | null;
          "organization_id": string;
          "synced_at": string | null;
          "total_pending_invitations": number | null;
          "total_pending_suggestions": number | null;
          "updated_at": string | null;
          "verification_status": string | null;
          "verification_strategy": string | null;
          "version": unknown;
        };
        ComputedFields: never;
        Insert: {
          "affiliation_email_address"?: string | null;
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "enrollment_mode"?: string | null;
          "id": string;
          "name"?: string | null;
          "organization_id": string;
          "synced_at"?: string | null;
          "total_pending_invitations"?: number | null;
          "total_pending_suggestions"?: number | null;
          "updated_at"?: string | null;
          "verification_status"?: string | null;
          "verification_strategy"?: string | null;
          "version": unknown;
        };
        Update: {
          "affiliation_email_address"?: string | null;
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "enrollment_mode"?: string | null;
          "id"?: string;
          "name"?: string | null;
          "organization_id"?: string;
          "synced_at"?: string | null;
          "total_pending_invitations"?: number | null;
          "total_pending_suggestions"?: number | null;
          "updated_at"?: string | null;
          "verification_status"?: string | null;
          "verification_strategy"?: string | null;
          "version"?: unknown;
        };
        Relationships: [
          {
            foreignKeyName: "organization_domains_organization_id_fkey";
            columns: ["organization_id"];
            isOneToOne: false;
            referencedRelation: "organizations";
            referencedColumns: ["id"];
          },
        ];
      };
      "organization_invitations": {
        Row: {
          "created_at": string | null;
          "deleted_at": string | null;
          "email_address": string | null;
          "expires_at": string | null;
          "id": string;
          "organization_id": string;
          "public_metadata": Json | null;
          "role": string | null;
          "role_name": string | null;
          "status": string | null;
          "synced_at": string | null;
          "updated_at": string | null;
          "user_id": string | null;
          "version": unknown;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "email_address"?: string | null;
          "expires_at"?: string | null;
          "id": string;
          "organization_id": string;
          "public_metadata"?: Json | null;
          "role"?: string | null;
          "role_name"?: string | null;
          "status"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "user_id"?: string | null;
          "version": unknown;
        };
        Update: {
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "email_address"?: string | null;
          "expires_at"?: string | null;
          "id"?: string;
          "organization_id"?: string;
          "public_metadata"?: Json | null;
          "role"?: string | null;
          "role_name"?: string | null;
          "status"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "user_id"?: string | null;
          "version"?: unknown;
        };
        Relationships: [
          {
            foreignKeyName: "organization_invitations_organization_id_fkey";
            columns: ["organization_id"];
            isOneToOne: false;
            referencedRelation: "organizations";
            referencedColumns: ["id"];
          },
        ];
      };
      "organization_memberships": {
        Row: {
          "created_at": string | null;
          "deleted_at": string | null;
          "first_name": string | null;
          "has_image": boolean | null;
          "id": string;
          "identifier": string | null;
          "image_url": string | null;
          "last_name": string | null;
          "organization_id": string;
          "permissions": (string)[] | null;
          "public_metadata": Json | null;
          "role": string | null;
          "role_name": string | null;
          "synced_at": string | null;
          "updated_at": string | null;
          "user_id": string;
          "version": unknown;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "first_name"?: string | null;
          "has_image"?: boolean | null;
          "id": string;
          "identifier"?: string | null;
          "image_url"?: string | null;
          "last_name"?: string | null;
          "organization_id": string;
          "permissions"?: (string)[] | null;
          "public_metadata"?: Json | null;
          "role"?: string | null;
          "role_name"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "user_id": string;
          "version": unknown;
        };
        Update: {
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "first_name"?: string | null;
          "has_image"?: boolean | null;
          "id"?: string;
          "identifier"?: string | null;
          "image_url"?: string | null;
          "last_name"?: string | null;
          "organization_id"?: string;
          "permissions"?: (string)[] | null;
          "public_metadata"?: Json | null;
          "role"?: string | null;
          "role_name"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "user_id"?: string;
          "version"?: unknown;
        };
        Relationships: [
          {
            foreignKeyName: "organization_memberships_organization_id_fkey";
            columns: ["organization_id"];
            isOneToOne: false;
            referencedRelation: "organizations";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "organization_memberships_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profile_identifiers";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "organization_memberships_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      "organization_permissions": {
        Row: {
          "created_at": string | null;
          "deleted_at": string | null;
          "description": string | null;
          "id": string;
          "key": string | null;
          "name": string | null;
          "synced_at": string | null;
          "type": string | null;
          "updated_at": string | null;
          "version": unknown;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "description"?: string | null;
          "id": string;
          "key"?: string | null;
          "name"?: string | null;
          "synced_at"?: string | null;
          "type"?: string | null;
          "updated_at"?: string | null;
          "version": unknown;
        };
        Update: {
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "description"?: string | null;
          "id"?: string;
          "key"?: string | null;
          "name"?: string | null;
          "synced_at"?: string | null;
          "type"?: string | null;
          "updated_at"?: string | null;
          "version"?: unknown;
        };
        Relationships: [];
      };
      "organization_roles": {
        Row: {
          "created_at": string | null;
          "deleted_at": string | null;
          "description": string | null;
          "id": string;
          "is_creator_eligible": boolean | null;
          "key": string | null;
          "name": string | null;
          "permissions": (string)[] | null;
          "synced_at": string | null;
          "updated_at": string | null;
          "version": unknown;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "description"?: string | null;
          "id": string;
          "is_creator_eligible"?: boolean | null;
          "key"?: string | null;
          "name"?: string | null;
          "permissions"?: (string)[] | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "version": unknown;
        };
        Update: {
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "description"?: string | null;
          "id"?: string;
          "is_creator_eligible"?: boolean | null;
          "key"?: string | null;
          "name"?: string | null;
          "permissions"?: (string)[] | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "version"?: unknown;
        };
        Relationships: [];
      };
      "organizations": {
        Row: {
          "admin_delete_enabled": boolean | null;
          "created_at": string | null;
          "created_by": string | null;
          "deleted_at": string | null;
          "has_image": boolean | null;
          "id": string;
          "image_url": string | null;
          "max_allowed_memberships": number | null;
          "name": string | null;
          "public_metadata": Json | null;
          "slug": string | null;
          "synced_at": string | null;
          "updated_at": string | null;
          "version": unknown;
        };
        ComputedFields: never;
        Insert: {
          "admin_delete_enabled"?: boolean | null;
          "created_at"?: string | null;
          "created_by"?: string | null;
          "deleted_at"?: string | null;
          "has_image"?: boolean | null;
          "id": string;
          "image_url"?: string | null;
          "max_allowed_memberships"?: number | null;
          "name"?: string | null;
          "public_metadata"?: Json | null;
          "slug"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "version": unknown;
        };
        Update: {
          "admin_delete_enabled"?: boolean | null;
          "created_at"?: string | null;
          "created_by"?: string | null;
          "deleted_at"?: string | null;
          "has_image"?: boolean | null;
          "id"?: string;
          "image_url"?: string | null;
          "max_allowed_memberships"?: number | null;
          "name"?: string | null;
          "public_metadata"?: Json | null;
          "slug"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "version"?: unknown;
        };
        Relationships: [];
      };
      "payment_attempts": {
        Row: {
          "amount": number | null;
          "billing_date": string | null;
          "charge_type": string | null;
          "created_at": string | null;
          "currency": string | null;
          "deleted_at": string | null;
          "details": Json | null;
          "failed_at": string | null;
          "failed_reason": string | null;
          "id": string;
          "organization_id": string | null;
          "paid_at": string | null;
          "payment_id": string | null;
          "status": string | null;
          "synced_at": string | null;
          "updated_at": string | null;
          "user_id": string | null;
          "version": unknown;
        };
        ComputedFields: never;
        Insert: {
          "amount"?: number | null;
          "billing_date"?: string | null;
          "charge_type"?: string | null;
          "created_at"?: string | null;
          "currency"?: string | null;
          "deleted_at"?: string | null;
          "details"?: Json | null;
          "failed_at"?: string | null;
          "failed_reason"?: string | null;
          "id": string;
          "organization_id"?: string | null;
          "paid_at"?: string | null;
          "payment_id"?: string | null;
          "status"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "user_id"?: string | null;
          "version": unknown;
        };
        Update: {
          "amount"?: number | null;
          "billing_date"?: string | null;
          "charge_type"?: string | null;
          "created_at"?: string | null;
          "currency"?: string | null;
          "deleted_at"?: string | null;
          "details"?: Json | null;
          "failed_at"?: string | null;
          "failed_reason"?: string | null;
          "id"?: string;
          "organization_id"?: string | null;
          "paid_at"?: string | null;
          "payment_id"?: string | null;
          "status"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "user_id"?: string | null;
          "version"?: unknown;
        };
        Relationships: [
          {
            foreignKeyName: "payment_attempts_organization_id_fkey";
            columns: ["organization_id"];
            isOneToOne: false;
            referencedRelation: "organizations";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "payment_attempts_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profile_identifiers";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "payment_attempts_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      "profiles": {
        Row: {
          "backup_code_enabled": boolean | null;
          "banned": boolean | null;
          "create_organization_enabled": boolean | null;
          "created_at": string | null;
          "delete_self_enabled": boolean | null;
          "deleted_at": string | null;
          "deprovisioned": boolean | null;
          "email": string | null;
          "email_verified": boolean | null;
          "external_id": string | null;
          "first_name": string | null;
          "has_image": boolean | null;
          "id": string;
          "identifiers": Json | null;
          "image_url": string | null;
          "last_active_at": string | null;
          "last_name": string | null;
          "last_sign_in_at": string | null;
          "legal_accepted_at": string | null;
          "locale": string | null;
          "locked": boolean | null;
          "password_enabled": boolean | null;
          "phone_number": string | null;
          "phone_number_verified": boolean | null;
          "public_metadata": Json | null;
          "synced_at": string | null;
          "totp_enabled": boolean | null;
          "two_factor_enabled": boolean | null;
          "unsafe_metadata": Json | null;
          "updated_at": string | null;
          "username": string | null;
          "version": unknown;
        };
        ComputedFields: never;
        Insert: {
          "backup_code_enabled"?: boolean | null;
          "banned"?: boolean | null;
          "create_organization_enabled"?: boolean | null;
          "created_at"?: string | null;
          "delete_self_enabled"?: boolean | null;
          "deleted_at"?: string | null;
          "deprovisioned"?: boolean | null;
          "email"?: string | null;
          "email_verified"?: boolean | null;
          "external_id"?: string | null;
          "first_name"?: string | null;
          "has_image"?: boolean | null;
          "id": string;
          "identifiers"?: Json | null;
          "image_url"?: string | null;
          "last_active_at"?: string | null;
          "last_name"?: string | null;
          "last_sign_in_at"?: string | null;
          "legal_accepted_at"?: string | null;
          "locale"?: string | null;
          "locked"?: boolean | null;
          "password_enabled"?: boolean | null;
          "phone_number"?: string | null;
          "phone_number_verified"?: boolean | null;
          "public_metadata"?: Json | null;
          "synced_at"?: string | null;
          "totp_enabled"?: boolean | null;
          "two_factor_enabled"?: boolean | null;
          "unsafe_metadata"?: Json | null;
          "updated_at"?: string | null;
          "username"?: string | null;
          "version": unknown;
        };
        Update: {
          "backup_code_enabled"?: boolean | null;
          "banned"?: boolean | null;
          "create_organization_enabled"?: boolean | null;
          "created_at"?: string | null;
          "delete_self_enabled"?: boolean | null;
          "deleted_at"?: string | null;
          "deprovisioned"?: boolean | null;
          "email"?: string | null;
          "email_verified"?: boolean | null;
          "external_id"?: string | null;
          "first_name"?: string | null;
          "has_image"?: boolean | null;
          "id"?: string;
          "identifiers"?: Json | null;
          "image_url"?: string | null;
          "last_active_at"?: string | null;
          "last_name"?: string | null;
          "last_sign_in_at"?: string | null;
          "legal_accepted_at"?: string | null;
          "locale"?: string | null;
          "locked"?: boolean | null;
          "password_enabled"?: boolean | null;
          "phone_number"?: string | null;
          "phone_number_verified"?: boolean | null;
          "public_metadata"?: Json | null;
          "synced_at"?: string | null;
          "totp_enabled"?: boolean | null;
          "two_factor_enabled"?: boolean | null;
          "unsafe_metadata"?: Json | null;
          "updated_at"?: string | null;
          "username"?: string | null;
          "version"?: unknown;
        };
        Relationships: [];
      };
      "session_logs": {
        Row: {
          "abandon_at": string | null;
          "actor": Json | null;
          "browser_name": string | null;
          "browser_version": string | null;
          "city": string | null;
          "client_id": string | null;
          "country": string | null;
          "created_at": string | null;
          "deleted_at": string | null;
          "device_type": string | null;
          "expire_at": string | null;
          "id": string;
          "ip_address": unknown;
          "is_mobile": boolean | null;
          "last_active_at": string | null;
          "last_active_organization_id": string | null;
          "status": string | null;
          "synced_at": string | null;
          "updated_at": string | null;
          "user_agent": string | null;
          "user_id": string;
          "version": unknown;
        };
        ComputedFields: never;
        Insert: {
          "abandon_at"?: string | null;
          "actor"?: Json | null;
          "browser_name"?: string | null;
          "browser_version"?: string | null;
          "city"?: string | null;
          "client_id"?: string | null;
          "country"?: string | null;
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "device_type"?: string | null;
          "expire_at"?: string | null;
          "id": string;
          "ip_address"?: unknown;
          "is_mobile"?: boolean | null;
          "last_active_at"?: string | null;
          "last_active_organization_id"?: string | null;
          "status"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "user_agent"?: string | null;
          "user_id": string;
          "version": unknown;
        };
        Update: {
          "abandon_at"?: string | null;
          "actor"?: Json | null;
          "browser_name"?: string | null;
          "browser_version"?: string | null;
          "city"?: string | null;
          "client_id"?: string | null;
          "country"?: string | null;
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "device_type"?: string | null;
          "expire_at"?: string | null;
          "id"?: string;
          "ip_address"?: unknown;
          "is_mobile"?: boolean | null;
          "last_active_at"?: string | null;
          "last_active_organization_id"?: string | null;
          "status"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "user_agent"?: string | null;
          "user_id"?: string;
          "version"?: unknown;
        };
        Relationships: [
          {
            foreignKeyName: "session_logs_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profile_identifiers";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "session_logs_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      "subscription_items": {
        Row: {
          "amount": number | null;
          "canceled_at": string | null;
          "created_at": string | null;
          "currency": string | null;
          "deleted_at": string | null;
          "details": Json | null;
          "ended_at": string | null;
          "id": string;
          "interval": string | null;
          "is_free_trial": boolean | null;
          "organization_id": string | null;
          "past_due_at": string | null;
          "period_end": string | null;
          "period_start": string | null;
          "plan_id": string | null;
          "plan_name": string | null;
          "plan_slug": string | null;
          "quantity": number | null;
          "status": string | null;
          "subscription_id": string | null;
          "synced_at": string | null;
          "updated_at": string | null;
          "user_id": string | null;
          "version": unknown;
        };
        ComputedFields: never;
        Insert: {
          "amount"?: number | null;
          "canceled_at"?: string | null;
          "created_at"?: string | null;
          "currency"?: string | null;
          "deleted_at"?: string | null;
          "details"?: Json | null;
          "ended_at"?: string | null;
          "id": string;
          "interval"?: string | null;
          "is_free_trial"?: boolean | null;
          "organization_id"?: string | null;
          "past_due_at"?: string | null;
          "period_end"?: string | null;
          "period_start"?: string | null;
          "plan_id"?: string | null;
          "plan_name"?: string | null;
          "plan_slug"?: string | null;
          "quantity"?: number | null;
          "status"?: string | null;
          "subscription_id"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "user_id"?: string | null;
          "version": unknown;
        };
        Update: {
          "amount"?: number | null;
          "canceled_at"?: string | null;
          "created_at"?: string | null;
          "currency"?: string | null;
          "deleted_at"?: string | null;
          "details"?: Json | null;
          "ended_at"?: string | null;
          "id"?: string;
          "interval"?: string | null;
          "is_free_trial"?: boolean | null;
          "organization_id"?: string | null;
          "past_due_at"?: string | null;
          "period_end"?: string | null;
          "period_start"?: string | null;
          "plan_id"?: string | null;
          "plan_name"?: string | null;
          "plan_slug"?: string | null;
          "quantity"?: number | null;
          "status"?: string | null;
          "subscription_id"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "user_id"?: string | null;
          "version"?: unknown;
        };
        Relationships: [
          {
            foreignKeyName: "subscription_items_organization_id_fkey";
            columns: ["organization_id"];
            isOneToOne: false;
            referencedRelation: "organizations";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "subscription_items_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profile_identifiers";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "subscription_items_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      "subscriptions": {
        Row: {
          "active_at": string | null;
          "canceled_at": string | null;
          "created_at": string | null;
          "deleted_at": string | null;
          "details": Json | null;
          "ended_at": string | null;
          "id": string;
          "latest_payment_id": string | null;
          "organization_id": string | null;
          "past_due_at": string | null;
          "payer_id": string | null;
          "status": string | null;
          "synced_at": string | null;
          "updated_at": string | null;
          "user_id": string | null;
          "version": unknown;
        };
        ComputedFields: never;
        Insert: {
          "active_at"?: string | null;
          "canceled_at"?: string | null;
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "details"?: Json | null;
          "ended_at"?: string | null;
          "id": string;
          "latest_payment_id"?: string | null;
          "organization_id"?: string | null;
          "past_due_at"?: string | null;
          "payer_id"?: string | null;
          "status"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "user_id"?: string | null;
          "version": unknown;
        };
        Update: {
          "active_at"?: string | null;
          "canceled_at"?: string | null;
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "details"?: Json | null;
          "ended_at"?: string | null;
          "id"?: string;
          "latest_payment_id"?: string | null;
          "organization_id"?: string | null;
          "past_due_at"?: string | null;
          "payer_id"?: string | null;
          "status"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "user_id"?: string | null;
          "version"?: unknown;
        };
        Relationships: [
          {
            foreignKeyName: "subscriptions_organization_id_fkey";
            columns: ["organization_id"];
            isOneToOne: false;
            referencedRelation: "organizations";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "subscriptions_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profile_identifiers";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "subscriptions_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      "waitlist_entries": {
        Row: {
          "created_at": string | null;
          "deleted_at": string | null;
          "email_address": string | null;
          "id": string;
          "invitation_id": string | null;
          "is_locked": boolean | null;
          "status": string | null;
          "synced_at": string | null;
          "updated_at": string | null;
          "version": unknown;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "email_address"?: string | null;
          "id": string;
          "invitation_id"?: string | null;
          "is_locked"?: boolean | null;
          "status"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "version": unknown;
        };
        Update: {
          "created_at"?: string | null;
          "deleted_at"?: string | null;
          "email_address"?: string | null;
          "id"?: string;
          "invitation_id"?: string | null;
          "is_locked"?: boolean | null;
          "status"?: string | null;
          "synced_at"?: string | null;
          "updated_at"?: string | null;
          "version"?: unknown;
        };
        Relationships: [];
      };
    };
    Views: {
      "organization_invitation_states": {
        Row: {
          "current_status": string | null;
          "id": string;
          "organization_id": string;
        };
        ComputedFields: never;
        Insert: {
          "current_status"?: never;
          "id"?: string | null;
          "organization_id"?: string | null;
        };
        Update: {
          "current_status"?: never;
          "id"?: string | null;
          "organization_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "organization_invitations_organization_id_fkey";
            columns: ["organization_id"];
            isOneToOne: false;
            referencedRelation: "organizations";
            referencedColumns: ["id"];
          },
        ];
      };
      "profile_identifiers": {
        Row: {
          "id": string | null;
          "is_primary": boolean | null;
          "is_verified": boolean | null;
          "provider": string | null;
          "provider_user_id": string | null;
          "type": string | null;
          "user_id": string;
          "value": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "session_states": {
        Row: {
          "current_status": string | null;
          "id": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "current_status"?: never;
          "id"?: string | null;
          "user_id"?: string | null;
        };
        Update: {
          "current_status"?: never;
          "id"?: string | null;
          "user_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "session_logs_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profile_identifiers";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "session_logs_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
    };
    Functions: {
      "apply_group": { Args: { "calls": Json }; Returns: Json };
      "begin_refresh": { Args: { "interval_seconds": number; "user_id": string }; Returns: number };
      "begin_run": {
        Args: {
          "asked_by": string;
          "is_repair": boolean;
          "kind": string;
          "lease_seconds": number;
          "options": Json;
        };
        Returns: Json;
      };
      "claim_instance": { Args: { "instance_id": string }; Returns: string };
      "complete_effect": {
        Args: { "effect_id": number; "effect_lease": string };
        Returns: boolean;
      };
      "conclude_run": {
        Args: { "reason"?: string; "results": Json; "run_id": number; "run_lease": string };
        Returns: boolean;
      };
      "count_dead_letters": { Args: Record<PropertyKey, never>; Returns: number };
      "count_deletions": { Args: { "ids": Json; "table_name": string }; Returns: Json };
      "count_foreign_webhook": { Args: { "webhook": Json }; Returns: string };
      "count_gone_objects": {
        Args: { "after_id"?: string; "page_size"?: number; "run_id": number; "table_name": string };
        Returns: Json;
      };
      "delete_backfill_cursors": { Args: { "resources": Json }; Returns: undefined };
      "delete_organization": {
        Args: { "organization_id": string; "webhook"?: Json };
        Returns: string;
      };
      "delete_organization_domain": {
        Args: { "domain_id": string; "webhook"?: Json };
        Returns: string;
      };
      "delete_organization_invitation": {
        Args: { "invitation_id": string; "webhook"?: Json };
        Returns: string;
      };
      "delete_organization_membership": {
        Args: {
          "membership_id": string;
          "organizations": Json;
          "profiles": Json;
          "webhook"?: Json;
        };
        Returns: string;
      };
      "delete_organization_permission": {
        Args: { "permission_id": string; "webhook"?: Json };
        Returns: string;
      };
      "delete_organization_role": {
        Args: { "role_id": string; "webhook"?: Json };
        Returns: string;
      };
      "delete_profile": { Args: { "user_id": string; "webhook"?: Json }; Returns: string };
      "delete_waitlist_entry": { Args: { "entry_id": string; "webhook"?: Json }; Returns: string };
      "ensure_profile": {
        Args: Record<PropertyKey, never>;
        Returns: {
          "backup_code_enabled": boolean | null;
          "banned": boolean | null;
          "create_organization_enabled": boolean | null;
          "created_at": string | null;
          "delete_self_enabled": boolean | null;
          "deleted_at": string | null;
          "deprovisioned": boolean | null;
          "email": string | null;
          "email_verified": boolean | null;
          "external_id": string | null;
          "first_name": string | null;
          "has_image": boolean | null;
          "id": string;
          "identifiers": Json | null;
          "image_url": string | null;
          "last_active_at": string | null;
          "last_name": string | null;
          "last_sign_in_at": string | null;
          "legal_accepted_at": string | null;
          "locale": string | null;
          "locked": boolean | null;
          "password_enabled": boolean | null;
          "phone_number": string | null;
          "phone_number_verified": boolean | null;
          "public_metadata": Json | null;
          "synced_at": string | null;
          "totp_enabled": boolean | null;
          "two_factor_enabled": boolean | null;
          "unsafe_metadata": Json | null;
          "updated_at": string | null;
          "username": string | null;
          "version": unknown;
        };
        SetofOptions: {
          from: "*";
          to: "profiles";
          isOneToOne: true;
          isSetofReturn: true;
        };
      };
      "fail_effect": {
        Args: {
          "delay_seconds"?: number;
          "effect_id": number;
          "effect_lease": string;
          "reason": string;
        };
        Returns: boolean;
      };
      "find_objects": { Args: { "query": string }; Returns: Json };
      "forget_gone_objects": {
        Args: { "except_run_id": number; "page_size"?: number };
        Returns: number;
      };
      "keep_backfill_cursor": {
        Args: {
          "is_finished": boolean;
          "last_position": Json;
          "object_count": number;
          "resource": string;
        };
        Returns: undefined;
      };
      "keep_backfill_run": {
        Args: {
          "is_finished": boolean;
          "last_position": Json;
          "lease_seconds": number;
          "object_count": number;
          "progress": Json;
          "resource": string;
          "results": Json;
          "run_id": number;
          "run_lease": string;
        };
        Returns: boolean;
      };
      "keep_dead_letter": { Args: { "dead_letter": Json }; Returns: string };
      "keep_gone_objects": {
        Args: {
          "asked_at": string;
          "lease_seconds": number;
          "objects": Json;
          "progress": Json;
          "results": Json;
          "run_id": number;
          "run_lease": string;
          "table_name": string;
        };
        Returns: boolean;
      };
      "keep_run": {
        Args: {
          "lease_seconds": number;
          "progress": Json;
          "results": Json;
          "run_id": number;
          "run_lease": string;
        };
        Returns: boolean;
      };
      "log_sessions": {
        Args: { "profiles": Json; "sessions": Json; "webhook"?: Json };
        Returns: string;
      };
      "move_instance": {
        Args: { "from_instance_id": string; "to_instance_id": string };
        Returns: boolean;
      };
      "prune_erased_rows": {
        Args: { "after_object_id"?: string; "after_table_name"?: string; "page_size"?: number };
        Returns: Json;
      };
      "read_as_user": {
        Args: {
          "page_size"?: number;
          "table_name": string;
          "table_schema": string;
          "user_id": string;
        };
        Returns: Json;
      };
      "read_backfill_cursors": {
        Args: Record<PropertyKey, never>;
        Returns: {
          "is_finished": boolean;
          "last_position": Json;
          "object_count": number;
          "resource": string;
          "started_at": string;
        }[];
      };
      "read_dead_letters": {
        Args: { "after_webhook_id"?: string; "page_size"?: number };
        Returns: {
          "attempts": number;
          "first_failed_at": string;
          "last_failed_at": string;
          "payload": Json;
          "reason": string;
          "type": string;
          "webhook_id": string;
        }[];
      };
      "read_effects": {
        Args: Record<PropertyKey, never>;
        Returns: {
          "due_count": number;
          "due_since": string;
          "handler": string;
          "is_enabled": boolean;
          "parked_count": number;
        }[];
      };
      "read_event_counts": { Args: { "span": string }; Returns: Json };
      "read_events": {
        Args: {
          "before"?: string;
          "event_object_id"?: string;
          "event_outcome"?: string;
          "event_type"?: string;
          "page_size"?: number;
        };
        Returns: Json;
      };
      "read_gone_objects": {
        Args: { "after_id"?: string; "page_size"?: number; "run_id": number; "table_name": string };
        Returns: Json;
      };
      "read_instance": { Args: Record<PropertyKey, never>; Returns: Json };
      "read_mirrored_objects": {
        Args: {
          "after_created_at"?: string;
          "after_id"?: string;
          "page_size"?: number;
          "table_name": string;
        };
        Returns: Json;
      };
      "read_mirrored_versions": { Args: { "ids": Json; "table_name": string }; Returns: Json };
      "read_new_events": {
        Args: {
          "after": string;
          "event_object_id"?: string;
          "event_outcome"?: string;
          "event_type"?: string;
          "page_size"?: number;
        };
        Returns: Json;
      };
      "read_object": { Args: { "object_id": string; "table_name"?: string }; Returns: Json };
      "read_outbox": { Args: { "page_size"?: number }; Returns: Json };
      "read_release": { Args: Record<PropertyKey, never>; Returns: Json };
      "read_runs": { Args: { "kind"?: string; "page_size"?: number }; Returns: Json };
      "read_status": { Args: Record<PropertyKey, never>; Returns: Json };
      "read_visible_tables": { Args: { "schemas"?: (string)[] }; Returns: Json };
      "register_effects": { Args: { "handlers": (string)[] }; Returns: undefined };
      "release_run": {
        Args: {
          "delay_seconds"?: number;
          "reason"?: string;
          "run_id": number;
          "run_lease": string;
        };
        Returns: boolean;
      };
      "retry_effects": { Args: { "ids"?: Json }; Returns: number };
      "settle_gone_objects": {
        Args: {
          "ids": Json;
          "lease_seconds": number;
          "progress": Json;
          "results": Json;
          "run_id": number;
          "run_lease": string;
          "table_name": string;
        };
        Returns: boolean;
      };
      "switch_effects": { Args: { "handlers": (string)[]; "is_on": boolean }; Returns: (string)[] };
      "take_effects": {
        Args: { "batch_size": number; "handlers": (string)[]; "lease_seconds": number };
        Returns: {
          "attempts": number;
          "event_type": string;
          "handler": string;
          "id": number;
          "lease": string;
          "object_id": string;
          "occurred_at": string;
          "webhook_id": string;
        }[];
      };
      "take_run": { Args: { "lease_seconds": number }; Returns: Json };
      "unbury_objects": {
        Args: { "alive_at": string; "ids": Json; "table_name": string };
        Returns: number;
      };
      "upsert_organization_domains": {
        Args: { "domains": Json; "organizations": Json; "webhook"?: Json };
        Returns: string;
      };
      "upsert_organization_invitations": {
        Args: { "invitations": Json; "organizations": Json; "webhook"?: Json };
        Returns: string;
      };
      "upsert_organization_memberships": {
        Args: { "memberships": Json; "organizations": Json; "profiles": Json; "webhook"?: Json };
        Returns: string;
      };
      "upsert_organization_permissions": {
        Args: { "permissions": Json; "webhook"?: Json };
        Returns: string;
      };
      "upsert_organization_roles": { Args: { "roles": Json; "webhook"?: Json }; Returns: string };
      "upsert_organizations": {
        Args: { "organizations": Json; "webhook"?: Json };
        Returns: string;
      };
      "upsert_payment_attempts": {
        Args: { "attempts": Json; "organizations": Json; "profiles": Json; "webhook"?: Json };
        Returns: string;
      };
      "upsert_profiles": { Args: { "profiles": Json; "webhook"?: Json }; Returns: string };
      "upsert_subscription_items": {
        Args: { "items": Json; "organizations": Json; "profiles": Json; "webhook"?: Json };
        Returns: string;
      };
      "upsert_subscriptions": {
        Args: { "organizations": Json; "profiles": Json; "subscriptions": Json; "webhook"?: Json };
        Returns: string;
      };
      "upsert_waitlist_entries": { Args: { "entries": Json; "webhook"?: Json }; Returns: string };
    };
    Enums: {
      [_ in never]: never;
    };
    CompositeTypes: {
      [_ in never]: never;
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof (
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
    )
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals } ? (
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
  )[TableName] extends {
    Row: infer R;
  } ? R
  : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R;
    } ? R
    : never
  : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Insert: infer I;
    } ? I
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I;
    } ? I
    : never
  : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Update: infer U;
    } ? U
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U;
    } ? U
    : never
  : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][
    CompositeTypeName
  ]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never;

export const Constants = {
  "public": {
    Enums: {},
  },
} as const;
