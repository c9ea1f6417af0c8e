import type { ServerFamily } from './family.ts';

/**
 * The sample shop: two databases of the shape that real ones have, with all that a dump may lose or spoil.
 * Everything is computed from row numbers: no RAND(), no NOW(), so that the statements mean the same on every server.
 */

/** Rows of each table, for `orders` orders. */
export function shopSizes(orders: number) {
	const least = (divisor: number, floor: number) => Math.max(floor, Math.ceil(orders / divisor));
	return {
		customers: least(3, 40),
		products: least(40, 25),
		orders,
		items: orders * 2 + Math.floor(orders / 2),
		visits: least(1.5, 60),
		terms: least(6, 30),
		photos: least(120, 12),
		importLog: least(8, 30),
		contacts: least(3, 40),
		accounts: least(30, 50),
		calls: least(6, 30),
	};
}

/** What every account of `crm` begins with, in each of its two tables. */
export const OPENING_BALANCE = 1000;
/** What every product of `shop.stock` begins with. */
export const OPENING_STOCK = 100_000;

/** A table and a column whose names need care wherever they are quoted. */
export const ODD_TABLE = 'odd `names` "and" it\'s spaces';
export const ODD_COLUMN = 'a `column` with "quotes", %s and \\';

const named = (name: string) => `\`${name.replaceAll('`', '``')}\``;
const text = (value: string) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`;
const oneOf = (row: string, values: readonly string[]) => `ELT(1 + (${row}) % ${values.length}, ${values.map(text).join(', ')})`;

const FIRST = [
	'Łukasz',
	'Ольга',
	'小林 健',
	'محمد',
	'Zoë',
	'Ἀθηνᾶ',
	'Ngô Thị',
	'שרה',
	'Þórdís',
	'प्रिया',
	'김민준',
	'Ada 👩‍💻',
	"Siobhán O'Neil",
	'ทิพย์',
	'Jürgen',
	'Åsa',
];
const LAST = [
	'Żółć',
	'Иванова',
	'山田',
	'الحسن',
	'Brontë',
	'Παπαδοπούλου',
	'Nguyễn',
	'כהן',
	'Sigurðardóttir',
	'शर्मा',
	'이',
	'Lovelace',
	'Murphy',
	'สุขใจ',
	'Groß',
	'Ångström',
];
const NOTES = [
	'Plain words, nothing else.',
	'Tabs\tand\nlines\r\nand a backslash \\ and quotes \'"`.',
	'Emoji of every length: ☕ 🐎 👨‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇨🇿',
	'Příliš žluťoučký kůň úpěl ďábelské ódy.',
	'Right to left: مرحبا بالعالم — שלום עולם.',
	'いろはにほへと ちりぬるを 𠮷野家',
	"-- not a comment; /* nor this */ # nor that; DELIMITER // '; DROP TABLE students; --",
	'',
];
const EVERY_BYTE = `0x${Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0')).join('')}`;
const DEFAULTS = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4';

/** What one vendor has no word for. */
interface Words {
	/** An engine without transactions. */
	readonly simpleEngine: string;
	/** After the type of a point: of the plane. */
	readonly srid: string;
	/** Statements before the rows. */
	readonly before: readonly string[];
	/** A table of the numbers from 1 to `count`, in its column `seq`. */
	numbers(count: number): string;
}

const WORDS: Readonly<Record<ServerFamily['vendor'], Words>> = {
	mariadb: {
		simpleEngine: 'Aria',
		srid: '',
		before: [],
		numbers: (count) => `seq_1_to_${count}`,
	},
	mysql: {
		simpleEngine: 'MyISAM',
		srid: ' SRID 0',
		before: ['SET SESSION cte_max_recursion_depth = 4294967295'],
		numbers: (count) =>
			`(WITH RECURSIVE numbers (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM numbers WHERE seq < ${count}) SELECT seq FROM numbers) AS numbered`,
	},
};

function tables({ simpleEngine, srid }: Words): string[] {
	return [
		`CREATE TABLE shop.customers (
			id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, email VARCHAR(190) NOT NULL UNIQUE,
			first_name VARCHAR(60) NOT NULL, last_name VARCHAR(60) NOT NULL,
			full_name VARCHAR(121) GENERATED ALWAYS AS (CONCAT(first_name, ' ', last_name)) VIRTUAL,
			country CHAR(2) NOT NULL, born DATE NULL, notes TEXT, credit DECIMAL(12,2) NOT NULL DEFAULT 0.00,
			created_at DATETIME NOT NULL, KEY by_name (last_name, first_name)) ${DEFAULTS}`,
		`CREATE TABLE shop.products (
			id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, sku VARCHAR(20) NOT NULL UNIQUE, name VARCHAR(120) NOT NULL,
			price DECIMAL(10,2) NOT NULL, price_gross DECIMAL(12,4) GENERATED ALWAYS AS (price * 1.21) STORED,
			details JSON NOT NULL DEFAULT (JSON_OBJECT()), weight DOUBLE NULL, size ENUM('S','M','L','XL') NOT NULL, flags SET('new','sale','rare') NOT NULL DEFAULT '') ${DEFAULTS}`,
		`CREATE TABLE shop.photos (
			id INT UNSIGNED NOT NULL PRIMARY KEY, product_id INT UNSIGNED NOT NULL, content MEDIUMBLOB NOT NULL, digest BINARY(20) NOT NULL,
			FOREIGN KEY (product_id) REFERENCES shop.products (id)) ${DEFAULTS}`,
		`CREATE TABLE shop.stock (
			product_id INT UNSIGNED NOT NULL PRIMARY KEY, on_hand INT NOT NULL,
			CONSTRAINT stock_of FOREIGN KEY (product_id) REFERENCES shop.products (id)) ${DEFAULTS}`,
		`CREATE TABLE shop.orders (
			id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, customer_id INT UNSIGNED NOT NULL,
			status ENUM('new','paid','sent','returned') NOT NULL DEFAULT 'new', ordered_at DATETIME(6) NOT NULL, total DECIMAL(12,2) NOT NULL,
			ordered_on DATE GENERATED ALWAYS AS (CAST(ordered_at AS DATE)) STORED, remark VARCHAR(200) NULL,
			KEY by_day (ordered_on), FOREIGN KEY (customer_id) REFERENCES shop.customers (id)) ${DEFAULTS}`,
		`CREATE TABLE shop.items (
			order_id INT UNSIGNED NOT NULL, line TINYINT UNSIGNED NOT NULL, product_id INT UNSIGNED NOT NULL, quantity INT NOT NULL,
			price DECIMAL(10,2) NOT NULL, amount DECIMAL(14,2) GENERATED ALWAYS AS (quantity * price) VIRTUAL, PRIMARY KEY (order_id, line),
			FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE CASCADE,
			FOREIGN KEY (product_id) REFERENCES shop.products (id)) ${DEFAULTS}`,
		`CREATE TABLE shop.visits (
			id BIGINT UNSIGNED NOT NULL, visited_on DATE NOT NULL, page VARCHAR(80) NOT NULL, agent VARCHAR(80) NOT NULL, PRIMARY KEY (id, visited_on)) ${DEFAULTS}
			PARTITION BY RANGE (YEAR(visited_on)) (PARTITION before_2025 VALUES LESS THAN (2025), PARTITION in_2025 VALUES LESS THAN (2026),
			PARTITION after_2025 VALUES LESS THAN MAXVALUE)`,
		// Nothing writes it once it is loaded: without transactions there is no snapshot of it.
		`CREATE TABLE shop.search_words (
			id INT UNSIGNED NOT NULL PRIMARY KEY, word VARCHAR(80) NOT NULL, found INT NOT NULL, KEY (word)) ENGINE=${simpleEngine} DEFAULT CHARSET=utf8mb4`,
		`CREATE TABLE shop.import_log (line VARCHAR(120) NULL, took DOUBLE NULL, seen TIMESTAMP NULL) ${DEFAULTS}`,
		`CREATE TABLE shop.status_changes (
			id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id INT UNSIGNED NOT NULL, was VARCHAR(10) NOT NULL, became VARCHAR(10) NOT NULL) ${DEFAULTS}`,
		`CREATE TABLE shop.${named(ODD_TABLE)} (id INT NOT NULL PRIMARY KEY, ${named(ODD_COLUMN)} VARCHAR(190) NULL, \`select\` BIT(12) NULL) ${DEFAULTS}`,
		`CREATE TABLE crm.contacts (
			id INT UNSIGNED NOT NULL PRIMARY KEY, customer_id INT UNSIGNED NULL, phone VARCHAR(30) NULL, place POINT NULL${srid},
			best_hour TIME NULL, KEY (customer_id)) ${DEFAULTS}`,
		`CREATE TABLE crm.accounts (id INT UNSIGNED NOT NULL PRIMARY KEY, balance BIGINT NOT NULL) ${DEFAULTS}`,
		`CREATE TABLE crm.savings (id INT UNSIGNED NOT NULL PRIMARY KEY, balance BIGINT NOT NULL, FOREIGN KEY (id) REFERENCES crm.accounts (id)) ${DEFAULTS}`,
		`CREATE TABLE crm.calls (
			id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, contact_id INT UNSIGNED NOT NULL, said LONGTEXT NOT NULL, minutes FLOAT NOT NULL,
			FOREIGN KEY (contact_id) REFERENCES crm.contacts (id)) ${DEFAULTS} COLLATE=utf8mb4_bin`,
	];
}

function rows(orders: number, { numbers }: Words): string[] {
	const size = shopSizes(orders);
	const from = (count: number) => `FROM ${numbers(count)}`;
	const product = (row: string) => `1 + (${row}) % ${size.products}`;
	return [
		`INSERT INTO shop.customers (id, email, first_name, last_name, country, born, notes, credit, created_at)
			SELECT seq, CONCAT('customer', seq, '@example.org'), ${oneOf('seq', FIRST)}, ${oneOf('seq DIV 16', LAST)},
			${oneOf('seq', ['PL', 'RU', 'JP', 'EG', 'GB', 'GR', 'VN', 'IL', 'IS', 'IN', 'KR', 'CZ'])},
			IF(seq % 9 = 0, NULL, DATE '1950-01-01' + INTERVAL seq % 20000 DAY), IF(seq % 11 = 0, NULL, ${oneOf('seq', NOTES)}),
			seq * 7919 % 200000 / 100 - 500, TIMESTAMP '2023-01-01 00:00:00' + INTERVAL seq MINUTE ${from(size.customers)}`,
		`INSERT INTO shop.products (id, sku, name, price, details, weight, size, flags)
			SELECT seq, CONCAT('SKU-', LPAD(seq, 6, '0')), CONCAT(${oneOf('seq', ['Kettle', 'Čajník', '茶碗', 'Самовар', 'Teapot ☕'])}, ' № ', seq), (seq * 613 % 50000 + 99) / 100,
			JSON_OBJECT('no', seq, 'tags', JSON_ARRAY('new', ${oneOf('seq', ['žlutá', '青', 'أحمر', '💚'])}), 'size', JSON_OBJECT('w', seq % 40, 'quote', '"\\\\')),
			IF(seq % 5 = 0, NULL, SQRT(seq) * 1.1), 1 + seq % 4, seq % 8 ${from(size.products)}`,
		`INSERT INTO shop.photos (id, product_id, content, digest)
			SELECT seq, ${product('seq')}, REPEAT(CONCAT(SUBSTRING(${EVERY_BYTE}, 1 + seq % 256), SUBSTRING(${EVERY_BYTE}, 1, seq % 256)), 16 + seq % 48), UNHEX(LEFT(SHA2(seq, 256), 40)) ${from(size.photos)}`,
		`INSERT INTO shop.orders (id, customer_id, status, ordered_at, total, remark)
			SELECT seq, 1 + seq * 31 % ${size.customers}, 1 + seq % 4, TIMESTAMP '2024-06-01 00:00:00.000000' + INTERVAL seq * 457 SECOND + INTERVAL seq % 1000000 MICROSECOND,
			(seq * 3571 % 900000 + 100) / 100, IF(seq % 3 = 0, NULL, ${oneOf('seq', NOTES)}) ${from(size.orders)}`,
		`INSERT INTO shop.items (order_id, line, product_id, quantity, price)
			SELECT 1 + (seq - 1) % ${size.orders}, 1 + (seq - 1) DIV ${size.orders}, ${product('seq * 17')}, 1 + seq % 5, (seq * 613 % 50000 + 99) / 100 ${from(size.items)}`,
		`INSERT INTO shop.stock (product_id, on_hand)
			SELECT products.id, ${OPENING_STOCK} - COALESCE((SELECT SUM(quantity) FROM shop.items WHERE product_id = products.id), 0) FROM shop.products`,
		`INSERT INTO shop.visits (id, visited_on, page, agent)
			SELECT seq, DATE '2024-01-01' + INTERVAL seq % 1000 DAY, CONCAT('/', ${oneOf('seq', ['', 'cart', 'søg', '検索'])}, '?n=', seq), ${oneOf('seq', ['Firefox', 'Lynx', 'curl'])} ${from(size.visits)}`,
		`INSERT INTO shop.search_words (id, word, found) SELECT seq, CONCAT(${oneOf('seq', LAST)}, seq), seq % 77 ${from(size.terms)}`,
		`INSERT INTO shop.import_log (line, took, seen)
			SELECT IF(seq % 10 = 0, NULL, CONCAT('row ', seq DIV 2, ${oneOf('seq', [' ok', ' ✓', ' přeskočeno'])})), seq / 8, IF(seq % 4 = 0, NULL, TIMESTAMP '2025-03-01 12:00:00' + INTERVAL seq SECOND) ${from(size.importLog)}`,
		`INSERT INTO shop.${named(ODD_TABLE)} (id, ${named(ODD_COLUMN)}, \`select\`) SELECT seq, ${oneOf('seq', NOTES)}, seq ${from(24)}`,
		`INSERT INTO crm.contacts (id, customer_id, phone, place, best_hour)
			SELECT seq, IF(seq % 6 = 0, NULL, seq), CONCAT('+420 ', 600000000 + seq), IF(seq % 7 = 0, NULL, POINT(seq % 180, seq % 90)), SEC_TO_TIME(seq * 37 % 86400) ${from(size.contacts)}`,
		`INSERT INTO crm.accounts (id, balance) SELECT seq, ${OPENING_BALANCE} ${from(size.accounts)}`,
		`INSERT INTO crm.savings (id, balance) SELECT seq, ${OPENING_BALANCE} ${from(size.accounts)}`,
		`INSERT INTO crm.calls (id, contact_id, said, minutes)
			SELECT seq, 1 + seq % ${size.contacts}, REPEAT(CONCAT(${oneOf('seq', NOTES)}, ' '), 1 + seq % 20), seq % 60 / 4 ${from(size.calls)}`,
	];
}

/**
 * Views, routines, a trigger, an event: after the rows, so that the trigger does not write while they are loaded.
 * With the rights of who made them, the writer's procedures would write through read_only.
 */
function programs(): string[] {
	return [
		`CREATE VIEW shop.open_orders AS SELECT o.id, o.ordered_on, o.total, c.full_name FROM shop.orders o
			JOIN shop.customers c ON c.id = o.customer_id WHERE o.status IN ('new', 'paid')`,
		'CREATE VIEW shop.big_open_orders AS SELECT id, full_name, total FROM shop.open_orders WHERE total > 5000',
		'CREATE VIEW crm.wealth AS SELECT a.id, a.balance + s.balance AS balance FROM crm.accounts a JOIN crm.savings s ON s.id = a.id',
		'CREATE FUNCTION shop.gross(net DECIMAL(10,2)) RETURNS DECIMAL(12,2) DETERMINISTIC NO SQL RETURN ROUND(net * 1.21, 2)',
		`CREATE TRIGGER shop.order_status AFTER UPDATE ON shop.orders FOR EACH ROW
			IF NEW.status <> OLD.status THEN INSERT INTO shop.status_changes (order_id, was, became) VALUES (OLD.id, OLD.status, NEW.status); END IF`,
		`CREATE PROCEDURE shop.place_order(customer INT UNSIGNED, product INT UNSIGNED, pieces INT, at_time DATETIME(6))
			SQL SECURITY INVOKER COMMENT 'An order, its item and the stock: all or nothing'
			BEGIN
				DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
				START TRANSACTION;
				INSERT INTO shop.orders (customer_id, ordered_at, total, remark)
					SELECT customer, at_time, shop.gross(price) * pieces, 'placed by the writer ✍' FROM shop.products WHERE id = product;
				INSERT INTO shop.items (order_id, line, product_id, quantity, price)
					SELECT LAST_INSERT_ID(), 1, product, pieces, price FROM shop.products WHERE id = product;
				UPDATE shop.stock SET on_hand = on_hand - pieces WHERE product_id = product;
				COMMIT;
			END`,
		`CREATE PROCEDURE shop.cancel_order(which INT UNSIGNED)
			SQL SECURITY INVOKER
			BEGIN
				DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
				START TRANSACTION;
				UPDATE shop.stock s JOIN (SELECT product_id, SUM(quantity) AS pieces FROM shop.items WHERE order_id = which GROUP BY product_id) i
					ON i.product_id = s.product_id SET s.on_hand = s.on_hand + i.pieces;
				DELETE FROM shop.items WHERE order_id = which;
				DELETE FROM shop.orders WHERE id = which;
				COMMIT;
			END`,
		`CREATE PROCEDURE crm.transfer(payer INT UNSIGNED, saver INT UNSIGNED, amount BIGINT)
			SQL SECURITY INVOKER
			BEGIN
				DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
				START TRANSACTION;
				UPDATE crm.accounts SET balance = balance - amount WHERE id = payer;
				UPDATE crm.savings SET balance = balance + amount WHERE id = saver;
				COMMIT;
			END`,
		`CREATE EVENT shop.tidy_up ON SCHEDULE EVERY 1 HOUR STARTS '2025-01-01 00:30:00' ON COMPLETION PRESERVE ENABLE
			COMMENT 'Finds nothing to do' DO DELETE FROM shop.status_changes WHERE order_id = 0`,
	];
}

/** The account of the writer: like an application's, it heeds read_only. */
export const WRITER_ACCOUNT = 'app';

/** All statements, in order, for `orders` orders. They leave the same rows on every vendor's server. */
export function shopStatements(orders: number, vendor: ServerFamily['vendor']): string[] {
	const terms = WORDS[vendor];
	return [
		'CREATE DATABASE shop DEFAULT CHARACTER SET utf8mb4',
		'CREATE DATABASE crm DEFAULT CHARACTER SET utf8mb4',
		...tables(terms),
		// The sequence engine is looked for in the current database, and one that makes a temporary table may want one.
		'USE shop',
		...terms.before,
		...rows(orders, terms),
		...programs(),
		`CREATE USER '${WRITER_ACCOUNT}'@'localhost'`,
		...['shop', 'crm'].map((name) => `GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON ${name}.* TO '${WRITER_ACCOUNT}'@'localhost'`),
	];
}

/** Queries that give one row of one column, `0` as long as every transaction is there as a whole: on a server, in a backup. */
export const INVARIANTS: readonly string[] = [
	`SELECT (SELECT SUM(balance) FROM crm.accounts) + (SELECT SUM(balance) FROM crm.savings) - 2 * ${OPENING_BALANCE} * (SELECT COUNT(*) FROM crm.accounts) AS wrong`,
	`SELECT COUNT(*) AS wrong FROM (SELECT s.on_hand + COALESCE(SUM(i.quantity), 0) AS pieces FROM shop.stock s
		LEFT JOIN shop.items i ON i.product_id = s.product_id GROUP BY s.product_id, s.on_hand) AS each_product WHERE pieces <> ${OPENING_STOCK}`,
];
