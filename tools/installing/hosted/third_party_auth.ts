import type { StepRecords } from "./database_state.ts";
import type { ManagementApi, ThirdPartyAuth } from "./management_api.ts";
import { recordSteps, THIRD_PARTY_STEP } from "./step_records.ts";
import type { Step } from "./steps.ts";

/** Whether tokens from this issuer are already accepted. */
export function findIssuer(
  providers: ThirdPartyAuth[],
  issuer: string,
): ThirdPartyAuth | undefined {
  return providers.find(({ oidc_issuer_url: url }) => url?.replace(/\/+$/, "") === issuer);
}

/** The step that makes a project accept Clerk's session tokens. */
export function thirdPartyStep(
  api: ManagementApi,
  domain: string,
  providers: ThirdPartyAuth[],
  records: StepRecords,
): Step {
  const issuer = `https://${domain}`;
  return {
    name: "third-party auth",
    title: `Clerk's session tokens accepted: third-party auth of ${issuer}`,
    isDone: findIssuer(providers, issuer) !== undefined,
    async run() {
      const issuers = noted(records);
      await recordSteps(api, [THIRD_PARTY_STEP, { issuers: [...new Set([...issuers, issuer])] }]);
      await api.createThirdPartyAuth(issuer);
    },
  };
}

/** The issuers that an installer has added. */
export function noted(records: StepRecords): string[] {
  const issuers = records.get(THIRD_PARTY_STEP)?.issuers;
  return Array.isArray(issuers) ? issuers.filter((issuer) => typeof issuer === "string") : [];
}
