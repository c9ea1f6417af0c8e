// One data set for all contestants, computed from row numbers by the server itself: the same rows on every server and in every run.
// Its shape: one table of 60 %, several middle ones, 200 small ones; text beyond ASCII, decimals, dates, blobs, secondary keys.

export const DATABASE = 'bench';
/** Dropped again when the rows are there. */
const HELPER = 'bench_helper';
/** Rows of one INSERT: undo and the wait for its end stay small. */
const BLOCK = 250_000;
const SMALL_TABLES = 200;

/** Bytes as SQL text of what `--size` says: `small` (1 GB), `large` (4 GB), or a number with M or G. Throws where it is none of these. */
export function sizeOf(text: string): number {
	if (text === 'small') return 1e9;
	if (text === 'large') return 4e9;
	const found = /^(\d+)([MG])$/i.exec(text);
	if (!found) throw new Error(`--size is small, large, or a number with M or G: not ${text}`);
	return Number(found[1]) * (found[2]?.toUpperCase() === 'G' ? 1e9 : 1e6);
}

const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
const oneOf = (index: string, values: readonly string[]) => `ELT(1 + (${index}) % ${values.length}, ${values.map(text).join(', ')})`;
/** A number that looks like chance, another one for each salt. */
const chance = (salt: string) => `CRC32(CONCAT(seq, ${text(salt)}))`;

const WORDS = [
	'objednávka',
	'shipped',
	'доставка',
	'rechnung',
	'café',
	'注文',
	'paid',
	'naïve',
	'żółty',
	'refund',
	'the',
	'customer',
	'søndag',
	'returned',
	'box',
	'ελαφρύ',
	'green',
	'delayed',
	'twice',
	'São Paulo',
	'größer',
	'window',
	'☕',
	'over',
];
const words = (count: number, salt: string) =>
	`CONCAT_WS(' ', ${Array.from({ length: count }, (_, at) => oneOf(chance(`${salt}${at}`), WORDS)).join(', ')})`;
const moment = (salt: string) => `TIMESTAMP '2021-01-01 00:00:00' + INTERVAL ${chance(salt)} % 150000000 SECOND`;

interface Table {
	readonly name: string;
	/** Of all bytes. */
	readonly share: number;
	/** Of a row as SQL text, measured. */
	readonly rowBytes: number;
	readonly columns: string;
	/** Added when the rows are there. */
	readonly keys: readonly string[];
	/** One expression over `seq` for each column that is named. */
	readonly values: Readonly<Record<string, string>>;
	readonly engine?: string;
}

const small = (number: number): Table => ({
	name: `small_${String(number).padStart(3, '0')}`,
	share: 0.1 / SMALL_TABLES,
	rowBytes: 68,
	columns: 'id INT UNSIGNED NOT NULL PRIMARY KEY, code CHAR(8) NOT NULL, label VARCHAR(120) NOT NULL, rate DECIMAL(8,4), changed DATE',
	keys: ['KEY (code)'],
	values: {
		id: 'seq',
		code: `LPAD(HEX(${chance('s')}), 8, '0')`,
		label: words(3, 'sl'),
		rate: `${chance('sr')} % 9999999 / 10000`,
		changed: `DATE '2020-01-01' + INTERVAL ${chance('sd')} % 2000 DAY`,
	},
});

const TABLES: readonly Table[] = [
	{
		name: 'events',
		share: 0.6,
		rowBytes: 133,
		columns: `id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, customer_id INT UNSIGNED NOT NULL, happened_at DATETIME NOT NULL,
			kind ENUM('seen','ordered','paid','shipped','returned') NOT NULL, amount DECIMAL(12,2) NOT NULL, reference CHAR(16) CHARACTER SET ascii NOT NULL,
			note VARCHAR(250), score DOUBLE, flag TINYINT NOT NULL`,
		keys: ['KEY (customer_id)', 'KEY (happened_at)'],
		values: {
			customer_id: `${chance('c')} % 500000`,
			happened_at: moment('h'),
			kind: `1 + ${chance('k')} % 5`,
			amount: `${chance('a')} % 10000000 / 100`,
			reference: "LEFT(SHA2(CONCAT(seq, 'r'), 256), 16)",
			note: `IF(${chance('n')} % 10 = 0, NULL, ${words(6, 'n')})`,
			score: `${chance('sc')} % 1000000 / 64`,
			flag: `${chance('f')} % 2`,
		},
	},
	{
		// No DEFAULT CURRENT_TIMESTAMP: mydumper 0.10.1 takes MySQL's for a generated column, and leaves it out.
		name: 'customers',
		share: 0.06,
		rowBytes: 143,
		columns: `id INT UNSIGNED NOT NULL PRIMARY KEY, email VARCHAR(190) NOT NULL, name VARCHAR(120) NOT NULL, street VARCHAR(200), born DATE,
			credit DECIMAL(10,2) NOT NULL, changed_at TIMESTAMP(6) NULL`,
		keys: ['UNIQUE KEY (email)', 'KEY (name)'],
		values: {
			id: 'seq',
			email: "CONCAT('user', seq, '@', LEFT(SHA2(seq, 256), 10), '.example.org')",
			name: words(2, 'cn'),
			street: words(4, 'cs'),
			born: `DATE '1940-01-01' + INTERVAL ${chance('b')} % 25000 DAY`,
			credit: `${chance('cc')} % 500000 / 100 - 1000`,
			changed_at: moment('ct'),
		},
	},
	{
		name: 'letters',
		share: 0.06,
		rowBytes: 842,
		columns: 'id INT UNSIGNED NOT NULL PRIMARY KEY, customer_id INT UNSIGNED NOT NULL, body MEDIUMTEXT NOT NULL',
		keys: ['KEY (customer_id)'],
		values: {
			id: 'seq',
			customer_id: `${chance('lc')} % 500000`,
			body: `CONCAT(${words(40, 'l')}, '\\n', ${words(40, 'm')}, '\\t\\\\', SHA2(seq, 256), ${words(20, 'o')})`,
		},
	},
	{
		name: 'photos',
		share: 0.06,
		rowBytes: 1093,
		columns: 'id INT UNSIGNED NOT NULL PRIMARY KEY, product_id INT UNSIGNED NOT NULL, taken_at DATETIME(3), content BLOB NOT NULL',
		keys: ['KEY (product_id)'],
		values: {
			id: 'seq',
			product_id: `${chance('pp')} % 20000`,
			taken_at: moment('pt'),
			content: `UNHEX(CONCAT(${Array.from({ length: 16 }, (_, at) => `SHA2(CONCAT(seq, ${text(`p${at}`)}), 512)`).join(', ')}))`,
		},
	},
	{
		name: 'prices',
		share: 0.06,
		rowBytes: 41,
		columns: `product_id INT UNSIGNED NOT NULL, valid_from DATE NOT NULL, price DECIMAL(12,4) NOT NULL, discount FLOAT, currency CHAR(3) NOT NULL,
			PRIMARY KEY (product_id, valid_from, currency)`,
		keys: ['KEY (valid_from)'],
		values: {
			product_id: 'seq DIV 12',
			valid_from: "DATE '2015-01-01' + INTERVAL seq % 12 MONTH",
			price: `${chance('pr')} % 100000000 / 10000`,
			discount: `IF(${chance('pd')} % 3 = 0, NULL, ${chance('pe')} % 100 / 8)`,
			currency: oneOf('seq DIV 12', ['EUR', 'CZK', 'JPY', 'PLN']),
		},
	},
	{
		name: 'audit',
		share: 0.06,
		rowBytes: 117,
		columns: 'seen_at DATETIME(6) NOT NULL, address VARBINARY(16) NOT NULL, agent VARCHAR(200) NOT NULL, details JSON',
		keys: ['KEY (seen_at)'],
		values: {
			seen_at: moment('au'),
			address: `UNHEX(LEFT(SHA2(${chance('ad')}, 256), 8))`,
			agent: oneOf(chance('ag'), [
				'Mozilla/5.0 (X11; Linux x86_64) Firefox',
				'curl/8.5.0',
				'Lynx/2.9',
				'Mozilla/5.0 (Windows NT 10.0) Chrome',
			]),
			details: `JSON_OBJECT('no', seq, 'path', CONCAT('/', ${oneOf(chance('aw'), WORDS)}), 'ok', ${chance('ao')} % 2)`,
		},
	},
];

const LEGACY: Table = {
	name: 'legacy',
	share: 0.05,
	rowBytes: 30,
	columns: 'id INT UNSIGNED NOT NULL PRIMARY KEY, word VARCHAR(60) NOT NULL, found INT NOT NULL',
	keys: ['KEY (found)'],
	values: { id: 'seq', word: words(2, 'lw'), found: `${chance('lf')} % 1000` },
	engine: 'MyISAM',
};

function fill(table: Table, bytes: number): string[] {
	const rows = Math.max(1, Math.round((bytes * table.share) / table.rowBytes));
	const statements = [];
	for (let base = 0; base < rows; base += BLOCK) {
		const here = Math.min(BLOCK, rows - base);
		statements.push(`INSERT INTO ${table.name} (${Object.keys(table.values).join(', ')}) SELECT ${Object.values(table.values).join(', ')}
			FROM (SELECT ${base} + outside.n * 1000 + inside.n + 1 AS seq FROM ${HELPER}.thousand AS outside STRAIGHT_JOIN ${HELPER}.thousand AS inside
			WHERE outside.n < ${Math.ceil(here / 1000)} AND outside.n * 1000 + inside.n < ${here}) AS numbers`);
	}
	const { name, columns, engine = 'InnoDB', keys } = table;
	return [
		`CREATE TABLE ${name} (${columns}) ENGINE=${engine} DEFAULT CHARSET=utf8mb4`,
		...statements,
		`ALTER TABLE ${name} ${keys.map((key) => `ADD ${key}`).join(', ')}`,
	];
}

/** All statements, in order, for about so many bytes as SQL text. `legacy` adds a table without transactions. */
export function statementsFor(bytes: number, { legacy }: { readonly legacy: boolean }): string[] {
	const digits = Array.from({ length: 10 }, (_, n) => `SELECT ${n} AS n`).join(' UNION ALL ');
	const tables = [...TABLES, ...Array.from({ length: SMALL_TABLES }, (_, at) => small(at)), ...(legacy ? [LEGACY] : [])];
	return [
		`CREATE DATABASE ${DATABASE} DEFAULT CHARACTER SET utf8mb4`,
		`CREATE DATABASE ${HELPER}`,
		`CREATE TABLE ${HELPER}.thousand (n INT PRIMARY KEY) ENGINE=InnoDB`,
		`INSERT INTO ${HELPER}.thousand SELECT a.n + b.n * 10 + c.n * 100 FROM (${digits}) AS a, (${digits}) AS b, (${digits}) AS c`,
		`USE ${DATABASE}`,
		'SET unique_checks = 0, foreign_key_checks = 0',
		...tables.flatMap((table) => fill(table, bytes)),
		`CREATE VIEW latest_events AS SELECT id, customer_id, amount FROM events WHERE happened_at > '2025-06-01'`,
		`DROP DATABASE ${HELPER}`,
	];
}

export const MANY = 'bench_many';

/** A thousand tables of a few rows: what a lock takes goes by their number. */
export function manyTables(count = 1000): string[] {
	const names = Array.from({ length: count }, (_, at) => `t_${String(at).padStart(4, '0')}`);
	return [
		`CREATE DATABASE ${MANY}`,
		...names.map((name) => `CREATE TABLE ${MANY}.${name} (id INT PRIMARY KEY, word VARCHAR(40)) ENGINE=InnoDB`),
		...names.map((name) => `INSERT INTO ${MANY}.${name} VALUES (1, 'one'), (2, 'two')`),
	];
}
