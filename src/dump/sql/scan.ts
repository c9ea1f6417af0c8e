import { Transform } from 'node:stream';
import { createLexer } from './lexer.ts';
import { type Dumped, type DumpPosition, type ObjectKind, readPosition } from './statement.ts';

/** Everything a dump makes in one database, by name, in the order of the dump. The name is '' where the dump names no database. */
export type DumpedDatabase = {
	readonly name: string;
	/** `rows` as written in the dump's INSERT statements: exact. */
	readonly tables: readonly { readonly name: string; readonly rows: number }[];
	readonly views: readonly string[];
	readonly triggers: readonly string[];
	readonly procedures: readonly string[];
	readonly functions: readonly string[];
	readonly events: readonly string[];
	readonly sequences: readonly string[];
	readonly packages: readonly string[];
	readonly packageBodies: readonly string[];
};

export type DumpScan = {
	readonly databases: readonly DumpedDatabase[];
	readonly rows: number;
	/** INSERT and REPLACE statements. */
	readonly inserts: number;
	/** `-- Dump completed…` is the whole last line. Without it the dump was cut off, whatever the tool's exit code says. */
	readonly footer: boolean;
	readonly rawBytes: number;
	/** From `--master-data` or `--source-data`; null where the dump was made without. */
	readonly position: DumpPosition | null;
};

export interface DumpScanner {
	write(chunk: Uint8Array): void;
	/** To be called once, after the last chunk. Never throws for what is in the dump. */
	end(): DumpScan;
	/** So far, for a progress line. */
	readonly rawBytes: number;
	readonly rows: number;
	/** The table whose structure or data came by last. */
	readonly table: string | null;
}

/** A stream that hands every chunk on as it is and shows it to the scanner. */
export function scanning(scanner: DumpScanner): Transform {
	return new Transform({
		transform(chunk: Buffer, _encoding, done) {
			scanner.write(chunk);
			done(null, chunk);
		},
	});
}

type Found = { tables: Map<string, { name: string; rows: number }>; names: Map<ObjectKind, Set<string>> };

/** Finds what a restore of the dump would make: its objects by name, and its rows, counted exactly. Chunks may end anywhere. */
export function createDumpScanner(options: { onTable?(name: string, database: string): void } = {}): DumpScanner {
	let rawBytes = 0;
	let inserts = 0;
	let footer = false;
	let gtid: string | undefined;
	let file: DumpPosition | null = null;
	let table: string | null = null;
	let database = '';
	let filling: { rows: number } | null = null;
	const found = new Map<string, Found>();

	function here(): Found {
		const known = found.get(database) ?? { tables: new Map(), names: new Map() };
		found.set(database, known);
		return known;
	}

	function enterTable(name: string): { rows: number } {
		const { tables } = here();
		const known = tables.get(name) ?? { name, rows: 0 };
		tables.set(name, known);
		if (table !== name) options.onTable?.(name, database);
		table = name;
		return known;
	}

	function takePosition(text: string): void {
		const at = readPosition(text);
		if (at?.file !== undefined) file ??= at;
		if (at?.gtid !== undefined) gtid = at.gtid;
	}

	function take(does: Dumped, text: Buffer): void {
		if (does.what === 'object' && does.kind === 'table') enterTable(does.name);
		else if (does.what === 'object') {
			const { names } = here();
			names.set(does.kind, (names.get(does.kind) ?? new Set()).add(does.name));
		} else if (does.what === 'database') {
			database = does.name;
			table = null;
			here();
		} else if (does.what === 'other') takePosition(text.toString('utf8'));
	}

	const lexer = createLexer({
		statement({ text, does, isEnded }) {
			footer = false;
			if (isEnded) take(does, text);
		},
		rows({ does }) {
			footer = false;
			inserts++;
			if (does.what === 'rows') filling = enterTable(does.table);
		},
		endRows(_end, count) {
			if (filling !== null) filling.rows += count;
		},
		comment(text, kind) {
			if (kind === 'line') footer = text.startsWith('-- Dump completed');
			// Where mysqldump --set-gtid-purged=COMMENTED says it, or --master-data=2.
			if (kind === 'block' || text.startsWith('-- ')) takePosition(kind === 'block' ? text : text.slice(3));
		},
		command() {
			footer = false;
		},
	});

	function databases(): DumpedDatabase[] {
		return [...found].map(([name, { tables, names }]) => {
			const of = (kind: ObjectKind) => [...(names.get(kind) ?? [])];
			return {
				name,
				tables: [...tables.values()],
				views: of('view'),
				triggers: of('trigger'),
				procedures: of('procedure'),
				functions: of('function'),
				events: of('event'),
				sequences: of('sequence'),
				packages: of('package'),
				packageBodies: of('packageBody'),
			};
		});
	}

	return {
		write(chunk) {
			rawBytes += chunk.length;
			lexer.write(chunk);
		},
		end() {
			// A last line without its end was cut off, so it is no footer; and inside a statement there is none.
			if (!lexer.end()) footer = false;
			const known = file !== null || gtid !== undefined;
			return {
				databases: databases(),
				rows: lexer.rows,
				inserts,
				footer,
				rawBytes,
				position: known ? { ...file, ...(gtid === undefined ? {} : { gtid }) } : null,
			};
		},
		get rawBytes() {
			return rawBytes;
		},
		get rows() {
			return lexer.rows;
		},
		get table() {
			return table;
		},
	};
}
