import { basename } from 'node:path';
import { UserError } from '../core/errors.ts';
import { type JsonNode, JsonTextError, lineAndColumn, offsetOf, readJsonText } from '../core/json-text.ts';
import { locatedProblems, matches, object } from '../core/schema.ts';
import { suggestions } from '../core/suggest.ts';
import { CONFIGURATION, KEYS, type Profile } from './profile.ts';

/** What the file holds. */
export type Kept = { profiles?: Profile[]; preferences?: Record<string, string> };

/** Something wrong in the file. No value of it is quoted. */
interface Mistake {
	readonly at: number;
	readonly what: string;
	readonly hints?: readonly string[];
}

/** A key that is not known but nearly is. Others are let be: a newer lockstep may have written them. */
function misspelt(node: JsonNode | undefined, known: readonly string[]): Mistake | undefined {
	for (const [key, { at }] of node?.keys ?? []) {
		if (known.includes(key)) continue;
		const [meant] = suggestions(key, known).filter((each) => !node?.keys?.has(each));
		if (meant !== undefined) return { at, what: `unknown key "${key}".`, hints: [`Did you mean "${meant}"?`] };
	}
	return undefined;
}

/** The first key that is misspelt, from the top. */
function misspeltIn(root: JsonNode): Mistake | undefined {
	const profiles = root.keys?.get('profiles')?.node.items ?? [];
	const inProfile = (profile: JsonNode) =>
		misspelt(profile, KEYS.profile) ??
		misspelt(profile.keys?.get('tls')?.node, KEYS.tls) ??
		misspelt(profile.keys?.get('defaults')?.node, KEYS.defaults) ??
		misspelt(profile.keys?.get('expect')?.node, KEYS.expect);
	return misspelt(root, KEYS.file) ?? profiles.map(inProfile).find((mistake) => mistake !== undefined);
}

function mistakeIn(text: string): Mistake | undefined {
	let root: JsonNode;
	try {
		root = readJsonText(text);
	} catch (error) {
		if (!(error instanceof JsonTextError)) throw error;
		return { at: error.at, what: `this is not valid JSON. ${error.message}.` };
	}
	const kept: unknown = JSON.parse(text);
	if (!matches(object, kept)) return { at: root.at, what: 'the configuration must be a JSON object, { … }.' };
	const spelling = misspeltIn(root);
	if (spelling !== undefined) return spelling;
	const [problem] = locatedProblems(CONFIGURATION, kept);
	return problem && { at: offsetOf(root, problem.keys), what: `${problem.path} ${problem.rule}.` };
}

/**
 * Reads the text of a configuration.
 * @param file its path, for the message
 * @throws UserError with line and column
 */
export function readConfiguration(text: string, file: string): Kept {
	const json = text.replace(/^\uFEFF/, '');
	const mistake = mistakeIn(json);
	if (mistake === undefined) return JSON.parse(json) as Kept;
	throw new UserError({
		message: `${file}:${lineAndColumn(json, mistake.at)}: ${mistake.what}`,
		hints: [...(mistake.hints ?? []), `Correct ${basename(file)}: it was left as it is.`, 'Or use another:  --config FILE'],
	});
}
