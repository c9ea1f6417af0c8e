// What a practice pair has beside the sample shop.

/** The account of the channel. */
export const ACCOUNT = { user: 'repl', host: '127.0.0.1' } as const;

/** The table at stake: only lessons and trainees change it. */
export const STAKE = { database: 'shop', name: 'tickets' } as const;
/** Rows are only ever appended, by one session: a row of the replica that is not the last and not the primary's is a hole. */
export const LEDGER = { database: 'shop', name: 'ledger' } as const;

const TICKETS = [
	...['Invoice twice', 'Parcel late', 'Wrong size', 'Refund', 'Broken cup', 'Address change', 'Voucher', 'Gift wrap', 'Return', 'Login'],
	...['Newsletter', 'Delivery note'],
];

/** Statements of the primary. The event is the writer: it stops with its server and needs no process of its own. */
export const TABLES: readonly string[] = [
	'CREATE TABLE shop.tickets (id INT NOT NULL PRIMARY KEY, subject VARCHAR(60) NOT NULL, status VARCHAR(20) NOT NULL) ENGINE=InnoDB',
	`INSERT INTO shop.tickets VALUES ${TICKETS.map((subject, index) => `(${index < 9 ? index + 1 : index + 2}, '${subject}', 'new')`).join(', ')}`,
	'CREATE TABLE shop.ledger (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, noted DATETIME(6) NOT NULL) ENGINE=InnoDB',
	'CREATE EVENT shop.write_ledger ON SCHEDULE EVERY 1 SECOND DO BEGIN DECLARE n INT DEFAULT 0; WHILE n < 5 DO INSERT INTO shop.ledger (noted) VALUES (NOW(6)); SET n = n + 1; END WHILE; END',
];
