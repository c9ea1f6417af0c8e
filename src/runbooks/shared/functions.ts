import { type Check, must, type Titles } from '../../core/check.ts';
import { some } from './server.ts';

const isOn = (value: string | undefined): boolean => value === 'ON' || value === '1';

/** Whether a server takes functions and triggers only from those who may do more, and functions only with a word on what they do (1418, 1419). */
export const distrustsCode = (settings: { readonly [name: string]: string }): boolean =>
	isOn(settings.log_bin) && !isOn(settings.log_bin_trust_function_creators);

/** `functions`: those that the server would refuse (1418), also where nothing of the load goes into its binary log. */
export const functionsCheck = (id: string, titles: Titles, where: string, functions: readonly string[]): Check =>
	must(id, titles, functions.length === 0, {
		expected: 'log_bin_trust_function_creators = ON',
		wrong: `it is OFF, and these are not declared as deterministic or as reading only (error 1418): ${some(functions)}`,
		hints: [`On the ${where}:  SET GLOBAL log_bin_trust_function_creators = ON;  and the same in its option file`],
	});
