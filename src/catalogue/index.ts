import type { DoctorFinding } from '../core/doctor-report.ts';
import { fill, type Language, translated } from '../core/languages.ts';
import { accessChecks } from './access.ts';
import { backupChecks } from './backups.ts';
import { type CheckTexts, type DoctorCheck, isUnknown, type Judgement, type Unknown } from './contract.ts';
import { crashChecks } from './crash.ts';
import type { Facts } from './facts.ts';
import { identityChecks } from './identity.ts';
import { lockChecks } from './locks.ts';
import { replicationChecks } from './replication.ts';
import { roomChecks } from './room.ts';

/** Everything that can be found wrong, in the order in which it is reported. */
export const CHECKS: readonly DoctorCheck[] = [
	...replicationChecks,
	...accessChecks,
	...identityChecks,
	...crashChecks,
	...lockChecks,
	...roomChecks,
	...backupChecks,
];

/** What is said where something that a check needs is not known. */
export const UNKNOWN = translated(
	{
		timeout: 'Not checked: the server did not answer within {seconds} s ({question}).',
		refused: 'Not checked: {reason}',
		elsewhere: 'Not checked: {reason}',
		meaning: 'Nothing is known about this, good or bad.',
		'meaning.timeout': 'A server that does not answer such a question has no room on a disk, waits for a lock, or is overloaded.',
		fix: 'See what it is doing: SHOW FULL PROCESSLIST;',
	},
	{
		timeout: 'Não verificado: o servidor não respondeu em {seconds} s ({question}).',
		refused: 'Não verificado: {reason}',
		elsewhere: 'Não verificado: {reason}',
		meaning: 'Nada se sabe sobre isto, nem bom nem ruim.',
		'meaning.timeout':
			'Um servidor que não responde a uma pergunta assim está sem espaço em disco, espera por um bloqueio ou está sobrecarregado.',
		fix: 'Veja o que ele está fazendo: SHOW FULL PROCESSLIST;',
	},
	'e446667e',
);

/** Seconds within which each question must be answered. */
export const ANSWER_SECONDS = 5;

/** Judges a server by its facts; nothing is asked any more. */
export const diagnose = (facts: Facts, language: Language): readonly DoctorFinding[] =>
	CHECKS.flatMap((check) => findingsOf(check, facts, language));

function findingsOf(check: DoctorCheck, facts: Facts, language: Language): readonly DoctorFinding[] {
	const unknown = check.needs.map((name) => facts[name]).find(isUnknown);
	if (unknown !== undefined) return [notChecked(check, unknown, language)];
	const texts: CheckTexts = check.texts[language];
	return check.judge(facts as Parameters<DoctorCheck['judge']>[0]).map((judgement) => describe(check, judgement, texts, facts.name));
}

function describe(check: DoctorCheck, judgement: Judgement, texts: CheckTexts, name: string): DoctorFinding {
	const { status, says = 'ok', means = says, channel = null, lines = [] } = judgement;
	const values = inWords({ name, ...judgement.values }, texts);
	const text = (kind: string) => {
		const found = texts[`${kind}.${means}`] ?? texts[kind];
		return found === undefined || status === 'ok' ? null : fill(found, values);
	};
	return {
		...{ id: check.id, channel, status },
		evidence: fill(texts[says] ?? says, values),
		...{ meaning: text('meaning'), fix: text('fix'), lines: status === 'ok' ? [] : lines, unsafe: text('unsafe') },
		lesson: status === 'ok' ? null : (check.lesson ?? null),
	};
}

/** A value `{data}` is the text of that name. */
function inWords(values: NonNullable<Judgement['values']>, texts: CheckTexts): NonNullable<Judgement['values']> {
	const word = (value: string | number) => {
		const name = /^\{(\w+)\}$/.exec(String(value))?.[1];
		const text = name === undefined ? undefined : texts[name];
		return text === undefined ? value : fill(text, values);
	};
	return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, word(value)]));
}

function notChecked({ id }: DoctorCheck, { unknown, text }: Unknown, language: Language): DoctorFinding {
	const texts: CheckTexts = { ok: '', ...UNKNOWN[language] };
	return {
		...{ id, channel: null, lines: [], unsafe: null, lesson: null },
		// What cannot be seen from here is nobody's fault; a server that does not answer is ill.
		status: unknown === 'timeout' ? 'fail' : 'note',
		evidence: fill(texts[unknown] ?? '', { seconds: ANSWER_SECONDS, question: text, reason: text }),
		meaning: texts[`meaning.${unknown}`] ?? texts.meaning,
		fix: unknown === 'timeout' ? texts.fix : null,
	};
}
