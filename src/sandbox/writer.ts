// The writer's own process: it keeps the sandbox's primary busy until the primary or the sandbox is gone.
// Called with the sandbox's folder, the primary's socket, transactions a second and the number of orders the shop was made with.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { LockstepError, ServerError } from '../core/errors.ts';
import { connect, type Session } from '../server/session.ts';
import { sql } from '../sql/sql.ts';
import { hasProcess } from './server.ts';
import { shopSizes, WRITER_ACCOUNT } from './shop.ts';

const [dir = '', socket = '', rate = '', orders = ''] = process.argv.slice(2);
const size = shopSizes(Number(orders));
const SESSIONS = 2;
const pause = (SESSIONS * 1000) / Number(rate);

const still = async () => existsSync(join(dir, 'sandbox.json')) && (await hasProcess(join(dir, 'primary')));

// Whatever a session waits for: this process does not outlive the sandbox.
setInterval(async () => {
	if (!(await still())) process.exit(0);
}, 1000);

const below = (limit: number) => Math.floor(Math.random() * limit);

async function one(session: Session): Promise<void> {
	const dice = Math.random();
	const order = 1 + below(size.orders);
	// As long as it takes: under a lock an application waits, too.
	const patient = { timeoutMs: 0 };
	if (dice < 0.4) {
		await session.query(sql`CALL crm.transfer(${1 + below(size.accounts)}, ${1 + below(size.accounts)}, ${below(50)})`, patient);
	} else if (dice < 0.65) {
		const now = new Date().toISOString().replace('T', ' ').replace('Z', '000');
		const [customer, product] = [1 + below(size.customers), 1 + below(size.products)];
		await session.query(sql`CALL shop.place_order(${customer}, ${product}, ${1 + below(5)}, ${now})`, patient);
	} else if (dice < 0.85) {
		await session.query(
			sql`UPDATE shop.orders SET status = ${['new', 'paid', 'sent', 'returned'][below(4)] ?? 'new'} WHERE id = ${order}`,
			patient,
		);
	} else {
		// The writer's own orders, or the shop would shrink; as many as it places in the long run.
		const rows = await session.query(sql`SELECT id FROM shop.orders WHERE id > ${size.orders} ORDER BY id LIMIT 2`, patient);
		if (rows.length > 1) for (const { id } of rows) await session.query(sql`CALL shop.cancel_order(${Number(id)})`, patient);
	}
}

async function keepWriting(): Promise<void> {
	for (;;) {
		try {
			const session = await connect(
				{
					name: 'sandbox',
					host: 'localhost',
					port: 0,
					socket,
					user: WRITER_ACCOUNT,
					tls: { mode: 'DISABLED' },
					connectTimeoutMs: 5000,
					origin: {},
				},
				null,
			);
			while (!session.lost.aborted) {
				const began = performance.now();
				try {
					await one(session);
				} catch (error) {
					// A deadlock, a wait that was too long, read_only: the next one may go through.
					if (!(error instanceof ServerError) || error.connectionLost) throw error;
					await after(100);
				}
				await after(Math.max(0, pause - (performance.now() - began)));
			}
		} catch (error) {
			if (!(error instanceof LockstepError)) throw error;
			if (!(await still())) process.exit(0);
			await after(300);
		}
	}
}

await Promise.all(Array.from({ length: SESSIONS }, keepWriting));
