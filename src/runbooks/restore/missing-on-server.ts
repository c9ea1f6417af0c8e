import { type Check, fail, must, note, warning } from '../../core/check.ts';
import type { Definition } from '../../core/definition.ts';
import type { OutsideObject } from '../../core/outside.ts';
import type { ReadContext } from '../../core/step.ts';
import { closing, isWord, signAt, type Token, tokensOf } from '../../dump/definitions/tokens.ts';
import { shown } from '../../sql/sql.ts';
import { distrustsCode, functionsCheck } from '../shared/functions.ts';
import { readable } from '../shared/outside.ts';
import { type Server, some } from '../shared/server.ts';
import { ACCOUNT_CHECKS, type AccountNeeds, accountChecks, inspectAccountNeeds } from './account-needs.ts';
import { expectedDefinitions } from './definitions.ts';
import type { RestoreEnv } from './env.ts';

type Need = Pick<OutsideObject, 'kind' | 'name'> & {
	/** What needs it; empty: nothing does by its definition, code may. */
	readonly by: readonly string[];
	/** Creates it; null where the backup does not say. */
	readonly create: string | null;
};

/** What of a backup a server would refuse, because of what it keeps outside its databases. */
export type Lacks = {
	readonly missing: readonly Need[];
	/** Folders of tables that the server does not know, with the tables. */
	readonly folders: readonly (readonly [folder: string, table: string])[];
	/** Whether the server may write in any folder that its own user can write in. */
	readonly anyFolder: boolean;
	/** Functions that the server takes only where it trusts those who create them (1418). */
	readonly functions: readonly string[];
	readonly accounts: AccountNeeds;
};

/** The checks that {@link lackChecks} may give. */
const FUNCTIONS = { pass: 'The server takes the functions of the backup', fail: 'The server refuses functions of the backup' };

export const LACKS = [...['SERVER-OUTSIDE', 'SERVER-OUTSIDE-CODE', 'SERVER-FOLDERS', 'SERVER-FUNCTIONS'], ...ACCOUNT_CHECKS] as const;

/** InnoDB's own. */
const EVERYWHERE = /^(innodb_(file_per_table|system|temporary)|mysql)$/;

export async function inspectLacks(env: RestoreEnv & Pick<ReadContext, 'runQuery'>): Promise<Lacks> {
	const { dialect } = env.server;
	const definitions = env.manifest.server.flavor === dialect.id ? ((await expectedDefinitions(env)) ?? []) : [];
	const needs = needsOf(definitions, env.manifest.outside ?? []);
	const missing: Need[] = [];
	for (const [kind, wanted] of Map.groupBy(needs, (need) => need.kind)) {
		const there = await present(env, kind);
		if (there === null) continue;
		for (const need of wanted.filter(({ name }) => !there.has(name))) {
			const known = env.manifest.outside?.find((each) => each.kind === kind && each.name === need.name);
			missing.push({ ...need, create: known === undefined ? null : `${shown(dialect.outside.create(known))};` });
		}
	}
	const folders = definitions.flatMap((each) => foldersOf(each).map((folder) => [folder, title(each)] as const));
	const known =
		folders.length === 0 || dialect.outside.tableFolders === null ? null : await env.runQuery('server', dialect.outside.tableFolders);
	return {
		missing,
		folders: known === null ? folders : folders.filter(([folder]) => !known.some((each) => `${folder}/`.startsWith(each))),
		anyFolder: known === null,
		functions: await distrusted(env, definitions),
		accounts: await inspectAccountNeeds(env),
	};
}

/** Those without a word on what they do to data, where the server asks for one, even where nothing is logged. */
async function distrusted(env: RestoreEnv & Pick<ReadContext, 'runQuery'>, definitions: readonly Definition[]): Promise<readonly string[]> {
	const found = definitions.filter((each) => each.kind === 'function' && !isDeclared(tokensOf(each.sql)));
	if (found.length === 0) return [];
	const settings = Object.fromEntries(await env.runQuery('server', env.server.dialect.catalogue.variables));
	return distrustsCode(settings) ? found.map(title) : [];
}

/** Whether a function says that it is deterministic, or that it only reads: between what it returns and its body. */
function isDeclared(tokens: readonly Token[]): boolean {
	const open = signAt(tokens, '(');
	const rest = tokens.slice(closing(tokens, open) + 1);
	const end = rest.findIndex(
		(token, at) => at > 1 && isWord(token, 'BEGIN', 'RETURN', 'AS', 'IS', 'IF', 'CASE', 'SET', 'DO', 'WHILE', 'LOOP', 'REPEAT'),
	);
	const head = end < 0 ? rest : rest.slice(0, end);
	return head.some(
		(token, at) =>
			(isWord(token, 'DETERMINISTIC') && !isWord(head[at - 1], 'NOT')) ||
			(isWord(token, 'NO') && isWord(head[at + 1], 'SQL')) ||
			(isWord(token, 'READS') && isWord(head[at + 1], 'SQL')),
	);
}

/** Names of a kind that the server has; null where this account may not see them. */
async function present(env: RestoreEnv & Pick<ReadContext, 'runQuery'>, kind: OutsideObject['kind']): Promise<ReadonlySet<string> | null> {
	const ask = env.server.dialect.outside.objects[kind];
	if (ask === undefined) return null;
	const found = await readable(env.runQuery, ask);
	return found === null ? null : new Set(found.map(({ name }) => name));
}

const title = ({ database, name }: Definition): string => `${database}.${name}`;

function needsOf(definitions: readonly Definition[], outside: readonly OutsideObject[]): readonly Omit<Need, 'create'>[] {
	const needs = new Map<string, Omit<Need, 'create'>>();
	const add = ({ kind, name }: Pick<OutsideObject, 'kind' | 'name'>, by: readonly string[]) =>
		needs.set(`${kind}\0${name}`, { kind, name, by: [...(needs.get(`${kind}\0${name}`)?.by ?? []), ...by] });
	for (const each of outside) if (each.kind === 'function' || each.kind === 'server') add(each, []);
	for (const each of definitions) {
		const tokens = each.kind === 'table' || each.kind === 'view' ? tokensOf(each.sql) : [];
		for (const need of each.kind === 'table' ? neededByTable(tokens) : neededByView(tokens, outside)) add(need, [title(each)]);
	}
	return [...needs.values()];
}

/** Bare words: a name is in backquotes, a comment in quotes. */
function* neededByTable(tokens: readonly Token[]): Generator<Pick<OutsideObject, 'kind' | 'name'>> {
	for (const [at, token] of tokens.entries()) {
		const value = valueAt(tokens, at + 1);
		if (value === undefined) continue;
		if (isWord(token, 'TABLESPACE') && value.kind === 'name' && !EVERYWHERE.test(value.text))
			yield { kind: 'tablespace', name: value.text };
		if (isWord(token, 'SRID') && value.kind === 'word' && Number(value.text) > 32767 && !isReserved(Number(value.text)))
			yield { kind: 'spatial reference system', name: value.text };
		if (isWord(token, 'CONNECTION') && value.kind === 'text' && !value.text.includes('://'))
			yield { kind: 'server', name: value.text.slice(1, -1).replace(/\/.*/, '') };
	}
}

const isReserved = (srid: number): boolean => (srid >= 60_000_000 && srid < 70_000_000) || (srid >= 2_000_000_000 && srid < 2 ** 31);

/** What an option is set to, with or without a sign. */
const valueAt = (tokens: readonly Token[], at: number): Token | undefined => (tokens[at]?.text === '=' ? tokens[at + 1] : tokens[at]);

/** A view cannot be created without the functions that it calls. */
function* neededByView(tokens: readonly Token[], outside: readonly OutsideObject[]): Generator<Pick<OutsideObject, 'kind' | 'name'>> {
	const called = new Set(tokens.flatMap((token, at) => (tokens[at + 1]?.text === '(' ? [token.text.toLowerCase()] : [])));
	for (const { kind, name } of outside) if (kind === 'function' && called.has(name.toLowerCase())) yield { kind, name };
}

/** Of an InnoDB table: others do not ask which folders are known. */
function foldersOf({ kind, sql }: Definition): readonly string[] {
	if (kind !== 'table') return [];
	const tokens = tokensOf(sql);
	if (!tokens.some((token, at) => isWord(token, 'ENGINE') && isWord(valueAt(tokens, at + 1), 'INNODB'))) return [];
	return tokens.flatMap((token, at) => {
		const value = valueAt(tokens, at + 2);
		return isWord(token, 'DATA') && isWord(tokens[at + 1], 'DIRECTORY') && value?.kind === 'text' ? [value.text.slice(1, -1)] : [];
	});
}

export function lackChecks(server: Server, account: string, { missing, folders, anyFolder, functions, accounts }: Lacks): Check[] {
	const needed = missing.filter(({ by }) => by.length > 0);
	const perhaps = missing.filter(({ by }) => by.length === 0);
	const hints = (all: readonly Need[]) => [
		'On the server:',
		...all.map(({ kind, name, create }) => create ?? `Create the ${kind} ${name} as it is on the server that was backed up.`),
	];
	const checks: Check[] = [
		must(
			'SERVER-OUTSIDE',
			{
				pass: 'What tables and views need outside databases is on the server',
				fail: 'What tables and views need outside databases is missing on the server',
			},
			needed.length === 0,
			{
				wrong: `missing: ${some(needed.map(({ kind, name, by }) => `${kind} ${name} (${some(by, 3)})`))}`,
				hints: hints(needed),
			},
		),
		functionsCheck('SERVER-FUNCTIONS', FUNCTIONS, 'server', functions),
		...accountChecks(server, account, accounts),
	];
	if (perhaps.length > 0)
		checks.push(
			warning('SERVER-OUTSIDE-CODE', 'Some objects outside databases are missing on the server', {
				wrong: some(perhaps.map(({ kind, name }) => `${kind} ${name}`)),
				hints: hints(perhaps),
			}),
		);
	if (folders.length > 0)
		checks.push(
			anyFolder
				? note(
						'SERVER-FOLDERS',
						'Some tables are stored in folders of their own',
						`the server must be able to write there: ${some(folders.map(([folder, table]) => `${folder} (${table})`))}`,
					)
				: fail('SERVER-FOLDERS', 'The server does not know the folders of some tables', {
						wrong: `not among its innodb_directories: ${some(folders.map(([folder, table]) => `${folder} (${table})`))}`,
						hints: [
							`In the server’s option file, then restart it:  innodb_directories = ${[...new Set(folders.map(([folder]) => folder))].join(';')}`,
						],
					}),
		);
	return checks;
}
