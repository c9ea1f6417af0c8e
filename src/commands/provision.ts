import { UserError } from '../core/errors.ts';
import { type GivenOptions, hasOwnOptions, readOptions, readServers } from '../requests/command.ts';
import { checkProvision, PROVISION, type ProvisionRequest } from '../requests/provision.ts';
import { SERVER_FORMS } from '../server/server-text.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { runRequest } from './run-request.ts';
import { openWizard } from './wizard.ts';

/** The request of a command line; else the option of the server that is missing. Throws UserError. */
export function provisionRequest(given: GivenOptions): ProvisionRequest | string {
	const fields = readOptions(PROVISION, given);
	checkProvision(fields);
	const { named, reach, missing } = readServers(PROVISION, given, undefined);
	if (missing !== undefined) return `--${missing}`;
	return { kind: 'provision', ...(reach && { reach }), primary: named.primary ?? '', replica: named.replica ?? '', ...fields };
}

export async function provision(context: Context, given: GivenOptions): Promise<CommandResult> {
	const request = provisionRequest(given);
	if (typeof request !== 'string') return runRequest(context, request);
	if (context.mode === 'wizard' && !hasOwnOptions(PROVISION, given)) return openWizard(context, { screen: 'provision' });
	throw new UserError({
		message: `${request} is missing.`,
		hints: [
			'lockstep provision --primary SERVER --replica SERVER',
			`SERVER is ${SERVER_FORMS}`,
			`In place of ${request}:  ${request}-host HOST ${request}-port PORT,  or  ${request}-socket PATH`,
		],
	});
}
