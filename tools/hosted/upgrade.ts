/** Takes the place of the part that works through Supabase's Management API, until that is there. */
export function runHostedUpgrade(options: {
  projectRef: string;
  yes: boolean;
  dryRun: boolean;
  json: boolean;
  force: boolean;
  apiUrl?: string | undefined;
}): Promise<void> {
  return Promise.reject(
    new Error(`The project ${options.projectRef} can't be changed from here yet`),
  );
}
