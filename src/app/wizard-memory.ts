import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { parseJson } from '../core/schema.ts';
import { isAddress, parseServerText } from '../server/server-text.ts';

const ANSWERS = z.record(z.string(), z.string());
const MEMORY = z.object({
	/** Servers that let us in, newest first, as they were typed. */
	recent: z.array(z.string()),
	/** What stands in half-filled forms, and what was chosen last, by form. */
	answers: z.record(z.string(), ANSWERS),
});
type Memory = z.output<typeof MEMORY>;

type Answers = Readonly<z.output<typeof ANSWERS>>;

/** What the wizard remembers from one start to the next; never a password. */
export interface WizardMemory {
	recent(): readonly string[];
	/** This server let us in. */
	used(server: string): void;
	answers(form: string): Answers | undefined;
	/** Null forgets them. */
	keep(form: string, answers: Answers | null): void;
}

const MOST_RECENT = 12;
/** So many forms; the oldest is forgotten first. */
const MOST_FORMS = 40;

/** A field for a server, into which a person may have typed an address with a password. */
const SERVER_FIELDS = new Set(['primary', 'replica', 'server']);

/** What might hold a secret is not written, whatever form it is of: a field by its name, an address that cannot be read. */
function isSecret(field: string, text: string): boolean {
	if (/pass|secret|token/i.test(field)) return true;
	if (!SERVER_FIELDS.has(field) || !isAddress(text)) return false;
	try {
		parseServerText(text);
		return false;
	} catch {
		return true;
	}
}

/**
 * Kept in `wizard.json` beside the journals, mode 0600, written whole and renamed. It is a comfort: a file that is damaged counts as none, and one
 * that cannot be written is no failure.
 */
export function openWizardMemory(stateFolder: string): WizardMemory {
	const path = join(stateFolder, 'wizard.json');
	const read = (): Memory => {
		try {
			return parseJson(MEMORY, readFileSync(path, 'utf8')) ?? { recent: [], answers: {} };
		} catch {
			return { recent: [], answers: {} };
		}
	};
	// Read anew before each change: another wizard may have written meanwhile.
	const change = (next: (before: Memory) => Memory) => {
		try {
			const text = `${JSON.stringify(next(read()), null, '\t')}\n`;
			mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
			const part = `${path}.${process.pid}`;
			writeFileSync(part, text, { mode: 0o600 });
			renameSync(part, path);
		} catch {
			// A full disk or a folder of somebody else's: the wizard works without.
		}
	};
	return {
		recent: () => read().recent,
		used: (server) => {
			if (read().recent[0] === server) return;
			change((before) => ({ ...before, recent: [server, ...before.recent.filter((each) => each !== server)].slice(0, MOST_RECENT) }));
		},
		answers: (form) => (Object.hasOwn(read().answers, form) ? read().answers[form] : undefined),
		keep: (form, answers) =>
			change((before) => {
				const { [form]: _, ...others } = before.answers;
				if (answers === null) return { ...before, answers: others };
				const kept = Object.fromEntries(Object.entries(answers).filter(([field, text]) => !isSecret(field, text)));
				return { ...before, answers: Object.fromEntries([...Object.entries(others), [form, kept]].slice(-MOST_FORMS)) };
			}),
	};
}
