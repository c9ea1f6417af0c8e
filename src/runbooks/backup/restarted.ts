/** Two looks at one start of a server may differ by so many seconds: it gives its clock and its uptime in whole ones. */
const ALLOWED_SECONDS = 5;

type Started = { readonly startedAt: number };

/** Whether the server was restarted between two looks: then its settings are its option file's and its threads as it started them. */
export const restarted = (now: Started, before: Started): boolean => Math.abs(now.startedAt - before.startedAt) > ALLOWED_SECONDS;
