import type { Check } from './check.ts';
import type { Consent } from './model.ts';
import { shellWord } from './shell.ts';

/** Each consent once: several steps may ask for the same name with the same reason. */
export function different(consents: readonly Consent[]): Consent[] {
	return consents.filter(
		(consent, index) => consents.findIndex((other) => other.name === consent.name && other.reason === consent.reason) === index,
	);
}

/** The check that a missing or wrong name fails: exit 6, naming what must be typed. */
export function consentCheck(consent: Consent): Check {
	return {
		id: 'CONSENT',
		title: consent.reason,
		status: 'fail',
		...(consent.affected.length === 0 ? {} : { found: consent.affected.join(', ') }),
		hints: [`If that is meant, type its name: --confirm ${shellWord(consent.name)}`, ...(consent.hints ?? [])],
	};
}
