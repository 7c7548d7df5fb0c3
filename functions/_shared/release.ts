/** The release of this code: `version` in deno.json. */
export const RELEASE = "0.2.0";
