// Definitions as SQL that a vendor's client loads, statement by statement.
import type { Definition, DefinitionKind } from '../../core/definition.ts';
import { type Definitions, HISTOGRAM, KIND_WORDS } from '../../dialects/common/definitions.ts';
import { orderedViews } from './order.ts';

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/** `-- Dump completed` as the last line says that a file is whole. */
const FOOTER = '-- Dump completed\n';

const bytesOf = ({ sql, bytes }: Definition): Buffer => (bytes === undefined ? Buffer.from(sql) : Buffer.from(bytes, 'base64'));

/** What comes first in a database: itself, sequences, tables, and what stands in for each view until its own definition comes. */
export function* schemaSql(definitionDialect: Definitions, database: string, all: readonly Definition[]): Generator<Buffer> {
	const own = all.filter((each) => each.database === database);
	const of = (kind: DefinitionKind) => own.filter((each) => each.kind === kind);
	yield* head(definitionDialect, 'A database, its sequences and tables');
	for (const each of of('database')) yield text(`${each.sql.replace(/^CREATE DATABASE /, 'CREATE DATABASE /*!32312 IF NOT EXISTS*/ ')};\n`);
	yield selectDatabase(database);
	// Defaults of tables name sequences.
	for (const each of of('sequence')) yield* sequence(each);
	for (const each of of('table')) {
		yield text(`\nDROP TABLE IF EXISTS ${quoted(each.name)};\n`);
		yield bytesOf(each);
		yield text(';\n');
	}
	// Views of several databases may need each other: with these all of them are there, with their columns.
	for (const each of of('view').filter(({ invalid }) => invalid === undefined)) yield text(standIn(each));
	yield text(`\n${FOOTER}`);
}

function* sequence({ name, sql, settings }: Definition): Generator<Buffer> {
	const { next_value: next, cycle_count: cycles = '0' } = settings;
	yield text(`\nDROP SEQUENCE IF EXISTS ${quoted(name)};\n${sql};\n`);
	if (next !== undefined && /^-?\d+$/.test(next) && /^\d+$/.test(cycles))
		yield text(`DO SETVAL(${quoted(name)}, ${next}, 0${cycles === '0' ? '' : `, ${cycles}`});\n`);
}

const standIn = ({ name, columns = [] }: Definition): string =>
	`\nCREATE OR REPLACE VIEW ${quoted(name)} AS SELECT ${columns.map((column) => `1 AS ${quoted(column)}`).join(', ')};\n`;

/** What comes last in a database: what fires at rows, and what rests on tables. Each statement may be run again. */
export function* postSql(definitionDialect: Definitions, database: string, all: readonly Definition[]): Generator<Buffer> {
	const own = all.filter((each) => each.database === database && !FIRST.has(each.kind));
	const programs = own.filter((each) => each.kind !== 'view').map(withQuotedBody);
	const views = orderedViews(own.filter((each) => each.kind === 'view'));
	const delimiter = delimiterFor([...programs, ...views]);
	const collation = all.find((each) => each.kind === 'database' && each.database === database)?.settings.database_collation ?? null;
	yield* head(definitionDialect, 'Routines, triggers, events and views of a database');
	yield selectDatabase(database);
	for (const each of all) if (each.database === database && each.kind === 'table') yield* histograms(each);
	for (const each of programs) yield* program(each, { delimiter, collation });
	for (const each of views) yield* view(each, delimiter);
	yield text(`\n${FOOTER}`);
}

export const selectDatabase = (database: string): Buffer => text(`USE ${quoted(database)};\n`);

const FIRST: ReadonlySet<DefinitionKind> = new Set(['database', 'table', 'sequence']);

function* program(
	definition: Definition,
	{ delimiter, collation }: { readonly delimiter: string; readonly collation: string | null },
): Generator<Buffer> {
	const { kind, database, name, settings } = definition;
	const other = settings.database_collation !== undefined && collation !== null && settings.database_collation !== collation;
	yield text('\n');
	// The collation that it was made under is that of its parameters and variables.
	if (other) yield text(`ALTER DATABASE ${quoted(database)} COLLATE ${word(settings.database_collation ?? '')};\n`);
	yield text(`DROP ${KIND_WORDS[kind]} IF EXISTS ${quoted(name)};\n`);
	yield* statement(definition, bytesOf(definition), delimiter);
	if (other) yield text(`ALTER DATABASE ${quoted(database)} COLLATE ${word(collation ?? '')};\n`);
}

function* view(definition: Definition, delimiter: string): Generator<Buffer> {
	yield text('\n');
	if (definition.invalid !== undefined) {
		yield text(`-- A view that cannot be created from this backup: ${definition.invalid.replaceAll(/\s+/g, ' ')}\n`);
		yield text(`${definition.sql.replaceAll(/^/gm, '--   ')}\n`);
		return;
	}
	const made = bytesOf(definition)
		.toString('latin1')
		.replace(/^CREATE /, 'CREATE OR REPLACE ');
	yield* statement(definition, Buffer.from(made, 'latin1'), delimiter);
}

/** The statistics as they were: the server does not read the rows for them. */
function* histograms({ name, settings }: Definition): Generator<Buffer> {
	for (const [setting, json] of Object.entries(settings))
		if (setting.startsWith(HISTOGRAM))
			yield text(
				`ANALYZE TABLE ${quoted(name)} UPDATE HISTOGRAM ON ${quoted(setting.slice(HISTOGRAM.length))} USING DATA ${literal(json)};\n`,
			);
}

/** One statement under its own settings, which are ours again afterwards. */
function* statement({ settings }: Definition, sql: Buffer, delimiter: string): Generator<Buffer> {
	const set = [
		...(settings.character_set_client === undefined ? [] : [`character_set_client = ${word(settings.character_set_client)}`]),
		...(settings.collation_connection === undefined ? [] : [`collation_connection = ${word(settings.collation_connection)}`]),
		...(settings.sql_mode === undefined ? [] : [`sql_mode = ${literal(settings.sql_mode)}`]),
		...(settings.time_zone === undefined ? [] : [`time_zone = ${literal(settings.time_zone)}`]),
	];
	if (set.length > 0) yield text(`SET SESSION ${set.join(', ')};\n`);
	yield text(`DELIMITER ${delimiter}\n`);
	yield sql;
	// Its last line may be a comment.
	yield text(`\n${delimiter}\nDELIMITER ;\n`);
	if (set.length > 0) for (const each of PLAIN) yield text(`${each};\n`);
}

/** A name of a character set or collation: nothing else may stand there. */
function word(name: string): string {
	if (!/^\w+$/.test(name)) throw new TypeError(`not a character set or collation: ${name}`);
	return name;
}

/** What stands in none of these texts, and so ends each of them. A client takes fifteen signs. */
function delimiterFor(all: readonly Definition[]): string {
	const texts = all.map((each) => bytesOf(each).toString('latin1'));
	for (let number = 0; ; number++) {
		const delimiter = `;;${number === 0 ? '' : number}`;
		if (!texts.some((each) => each.includes(delimiter))) return delimiter;
	}
}

/** `AS $$…$$`, whose end only MySQL's newest clients know, as the string that it is. */
function withQuotedBody(definition: Definition): Definition {
	const found = /^(CREATE [\s\S]*?\bLANGUAGE JAVASCRIPT\b[\s\S]*?\bAS )(\$\w*\$)([\s\S]*)\2\s*$/.exec(definition.sql);
	if (found === null) return definition;
	const [, before, , body = ''] = found;
	const escapes = !/NO_BACKSLASH_ESCAPES/.test(definition.settings.sql_mode ?? '');
	const string = `'${(escapes ? body.replaceAll('\\', '\\\\') : body).replaceAll("'", "''")}'`;
	const { bytes: _, ...rest } = definition;
	return { ...rest, sql: `${before}${string}` };
}

/** Under which definitions are made that have no settings of their own. */
const PLAIN = ['SET NAMES utf8mb4', "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00'"];

const text = (line: string): Buffer => Buffer.from(line);

/** What a name holds stands in no comment: it may have line ends. */
function* head(definitionDialect: Definitions, title: string): Generator<Buffer> {
	for (const line of definitionDialect.fileHead) yield text(`${line}\n`);
	yield text(`-- ${title}, as the server describes them\n\n`);
	for (const each of [...PLAIN, ...definitionDialect.fileSession]) yield text(`${each};\n`);
}
