import { id, shown, sql } from '../../sql/sql.ts';

const name = (...names: readonly string[]): string => shown(sql`${id(...names)}`);

/** `(\`a\`, @v2) SET \`b\` = …`: the columns of LOAD DATA text, each with the expression over `@v` that loads it, or null. */
export function columnList(columns: readonly (readonly [name: string, expression: string | null])[]): string {
	// Of a table whose columns are all generated a row is one field that stands for it.
	if (columns.length === 0) return '(@v)';
	const list = columns.map(([column, expression], index) => (expression === null ? name(column) : `@v${index}`)).join(',');
	const set = columns.flatMap(([column, expression], index) =>
		expression === null ? [] : [`${name(column)} = ${expression.replaceAll(/@v\b/g, `@v${index}`)}`],
	);
	return `(${list})${set.length === 0 ? '' : ` SET ${set.join(', ')}`}`;
}

/** How our LOAD DATA text is written: tabs between fields, a line feed after each row, `\N` for NULL, a backslash before what would be taken for those. */
export const LOAD_FORMAT = String.raw`CHARACTER SET binary FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n'`;

/**
 * The text that loads one file of rows, as mydumper writes it beside its own: its loader, and the vendors' clients, take it. The name of the file
 * stands between the first quotes; the tables' database is the one in use.
 */
export function loadStatement(part: {
	readonly file: string;
	readonly table: string;
	readonly columns: readonly (readonly [name: string, expression: string | null])[];
}): string {
	return [
		'/*!40101 SET NAMES binary*/;',
		'/*!40014 SET FOREIGN_KEY_CHECKS=0*/;',
		"/*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'*/;",
		"/*!40103 SET TIME_ZONE='+00:00' */;",
		`LOAD DATA LOCAL INFILE '${part.file}' REPLACE INTO TABLE ${name(part.table)} ${LOAD_FORMAT} ${columnList(part.columns)};`,
		'',
	].join('\n');
}
