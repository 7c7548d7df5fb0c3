/** The release that this code is of: `version` of deno.json. */
export const RELEASE = "0.2.0";
