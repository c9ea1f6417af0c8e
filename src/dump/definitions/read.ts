import { ServerError, UserError } from '../../core/errors.ts';
import { namesOption } from '../../core/names.ts';
import { type Definition, type DefinitionName, type Definitions, definitionTitle } from '../../dialects/common/definitions.ts';
import { isObjectGone } from '../../dialects/common/errors.ts';
import { currentSettings, type Settings, setSettings, unlikeSettings } from '../../sql/settings.ts';
import { id, type Query, type Row, type Statement, shown, sql } from '../../sql/sql.ts';
import { withoutBase } from './order.ts';

/** A connection that reads definitions. `bytes`: each character of its answer is one byte. `list`: it lists all objects. */
export interface DefinitionReader {
	query(statement: Statement, options: { readonly bytes: boolean; readonly list?: boolean }): Promise<readonly Row[]>;
}

/** Signs that tell bytes which are no UTF-8, or are not what the object was made of. */
const UNREADABLE = '\uFFFD';
const UNICODE = /^(utf8|utf8mb3|utf8mb4|ascii)$/;

/**
 * Reads the definitions of all objects in these databases, over several connections at once; in an order in which they can be made again. The
 * connections are set up for it and left so.
 * Throws UserError that names the object which the server cannot open, with the way out.
 */
export async function readDefinitions(
	readers: readonly DefinitionReader[],
	definitionDialect: Definitions,
	databases: readonly string[],
	/** What is left out, with its triggers. */
	ignored: (name: { readonly database: string; readonly name: string }) => boolean = () => false,
): Promise<readonly Definition[]> {
	const [first] = readers;
	if (first === undefined) throw new TypeError('definitions are read by at least one connection');
	await Promise.all(readers.map((reader) => setUp(reader, definitionDialect.settings)));
	const list = definitionDialect.names(databases);
	const names = list.read(await first.query(list.statement, { bytes: false, list: true })).filter((name) => !left(name, ignored));
	const found: (Definition | undefined)[] = new Array(names.length);
	let next = 0;
	let failed = false;
	await Promise.all(
		readers.map(async (reader) => {
			for (let at = next++; at < names.length && !failed; at = next++) {
				try {
					found[at] = await read(reader, definitionDialect, names[at] as DefinitionName);
				} catch (error) {
					failed = true;
					throw error;
				}
			}
		}),
	);
	return withoutBase(
		found.filter((each) => each !== undefined),
		ignored,
	);
}

/** What a definition looks like rests on it: set, as far as the server knows it, and read back. */
async function setUp(reader: DefinitionReader, settings: Settings): Promise<void> {
	const known = await ask(reader, currentSettings(settings));
	const wanted = Object.fromEntries(Object.entries(settings).filter(([name]) => name in known));
	await reader.query(setSettings(wanted), { bytes: false });
	const unlike = unlikeSettings(wanted, await ask(reader, currentSettings(wanted)));
	if (Object.keys(unlike).length === 0) return;
	throw new ServerError({
		message: `The server does not take the settings under which definitions are read: ${Object.keys(unlike).join(', ')}.`,
		hints: ['Connect to the server itself: a proxy in between may change or ignore settings.'],
	});
}

const ask = async <T>(reader: DefinitionReader, query: Query<T>): Promise<T> =>
	query.read(await reader.query(query.statement, { bytes: false }));

const left = ({ kind, database, name, table }: DefinitionName, ignored: (name: { database: string; name: string }) => boolean): boolean =>
	kind === 'trigger'
		? ignored({ database, name: table ?? '' })
		: (kind === 'table' || kind === 'view' || kind === 'sequence') && ignored({ database, name });

async function read(reader: DefinitionReader, definitionDialect: Definitions, name: DefinitionName): Promise<Definition> {
	try {
		const definition = await ask(reader, definitionDialect.read(name));
		const bytes = await bytesOf(reader, definitionDialect, name, definition);
		const more = await moreOf(reader, definitionDialect, name);
		return {
			...name,
			...definition,
			...more,
			settings: { ...definition.settings, ...more.settings },
			...(bytes === null ? {} : { bytes }),
		};
	} catch (error) {
		throw worded(error, name);
	}
}

/** What the object was made of, where that is not the UTF-8 of what was read. */
async function bytesOf(
	reader: DefinitionReader,
	definitionDialect: Definitions,
	name: DefinitionName,
	{ sql, settings }: Pick<Definition, 'sql' | 'settings'>,
): Promise<string | null> {
	const client = settings.character_set_client ?? 'utf8mb4';
	const plain = UNICODE.test(client) || [...sql].every((sign) => sign < '\u0080');
	if (plain && !sql.includes(UNREADABLE)) return null;
	await reader.query(definitionDialect.asBytes, { bytes: false });
	try {
		const query = definitionDialect.read(name);
		const bytes = Buffer.from(query.read(await reader.query(query.statement, { bytes: true })).sql, 'latin1');
		return bytes.equals(Buffer.from(sql)) ? null : bytes.toString('base64');
	} finally {
		await reader.query(definitionDialect.asText, { bytes: false });
	}
}

async function moreOf(
	reader: DefinitionReader,
	definitionDialect: Definitions,
	name: DefinitionName,
): Promise<Pick<Definition, 'columns' | 'invalid'> & { readonly settings?: Definition['settings'] }> {
	const query = definitionDialect.more(name);
	if (query === null) return {};
	try {
		return await ask(reader, query);
	} catch (error) {
		// A view is its text, whatever became of what it needs.
		if (name.kind !== 'view' || !(error instanceof ServerError) || error.connectionLost || error.code === null) throw error;
		return { invalid: error.description.details ?? error.description.message };
	}
}

/** How an object that the server cannot open is left out of a backup. */
export const waysAround = ({ kind, database, name }: DefinitionName): readonly string[] =>
	kind === 'table' || kind === 'view' || kind === 'sequence'
		? [
				...(kind === 'table' ? [`Repair it:  ${shown(sql`CHECK TABLE ${id(database, name)}`)};`] : []),
				`Leave it out of the backup:  ${namesOption('--ignore-table', [`${database}.${name}`])}`,
			]
		: [`Drop it if nothing needs it, or repair what it needs: ${definitionTitle({ kind, database, name })}`];

function worded(error: unknown, name: DefinitionName): unknown {
	if (!(error instanceof ServerError) || error.connectionLost || error.code === null) return error;
	const gone = isObjectGone(error);
	return new UserError(
		{
			message: `The definition of the ${definitionTitle(name)} cannot be read.`,
			reason: error.description.details ?? error.description.message,
			hints: gone ? ['It may have been dropped meanwhile: try again.', ...waysAround(name)] : waysAround(name),
		},
		{ cause: error },
	);
}
