// A made-up lesson: what the servers say is what a test puts there.
import type { PracticeBackend } from '../../src/app/wizard-backend.ts';
import type { CheckReport, LessonCard, LessonView, SqlAnswer } from '../../src/core/practice.ts';

export interface FakePractice extends PracticeBackend {
	/** How the servers are: a test changes it. */
	state: Pick<CheckReport, 'isDone' | 'price'>;
	readonly asked: string[];
	answer: SqlAnswer;
}

const HINTS = [
	'Compare the rows.',
	'Remove the local one.',
	'On the replica: SET SESSION sql_log_bin = 0; then DELETE the row with that id, which no other server knows; then START REPLICA, and compare shop.tickets on both servers once more.',
];
const DONE = { seconds: 192, hints: 1, tries: 2, wrong: 1 };

export const LESSON_CARDS: readonly LessonCard[] = [
	{ id: 'wrong-password', number: 4, title: 'The channel’s password is wrong', isOpen: false, done: DONE },
	{ id: 'duplicate-key', number: 9, title: 'A write on the replica, then a duplicate key', isOpen: false, done: null },
	{ id: 'missing-row', number: 10, title: 'The row that is missing on the replica', isOpen: false, done: null },
];

export function fakePractice(): FakePractice {
	let hints = 0;
	const view = (): LessonView => ({
		...{ id: 'duplicate-key', number: 9, total: 3, kind: 'mariadb-11.8', title: 'A write on the replica, then a duplicate key' },
		...{ story: 'A colleague inserted a test row on the replica last week. At 02:10 replication stopped.' },
		goal: 'Start replication again so that shop.tickets holds the same rows on both servers. No transaction may be skipped.',
		...{ started: '2026-11-21T02:00:00.000Z', hints: HINTS.slice(0, hints), hintCount: 3, servers: [], exam: null },
	});
	const fake: FakePractice = {
		state: { isDone: false, price: null },
		asked: [],
		answer: { columns: ['id', 'subject'], rows: [['10', 'Test row']], error: null },
		list: async () => ({ kind: 'mariadb-11.8', lessons: LESSON_CARDS, exam: null }),
		current: async () => view(),
		start: async (lesson, say) => {
			fake.asked.push(`start ${lesson}`);
			say('Starting a primary and a replica of MariaDB 11.8 …');
			return view();
		},
		check: async (counts) => {
			if (counts) fake.asked.push('check');
			const { isDone, price } = fake.state;
			return {
				lesson: view(),
				checks: [
					{ id: 'threads', title: 'Both threads run', ok: isDone || price !== null, evidence: '1062: Duplicate entry' },
					{ id: 'rows', title: 'shop.tickets is identical on both servers', ok: isDone, evidence: '13 rows, sum 1 ≠ 13 rows, sum 2' },
				],
				states: [
					{ name: 'practice-primary', address: '127.0.0.1:33601', lines: ['shop.tickets 13 rows, sum 1', 'gtid 0-101-65'] },
					{
						name: 'practice-replica',
						address: '127.0.0.1:33602',
						lines: ['IO yes · SQL no · – s', '1062: Duplicate entry', 'gtid 0-101-59'],
					},
				],
				...{
					isDone,
					price,
					tempting: isDone ? 'Skip it.' : null,
					debrief: isDone ? 'Skipping hides it.' : null,
					findings: [],
					score: DONE,
				},
			};
		},
		hint: async () => {
			hints++;
			fake.asked.push('hint');
			return view();
		},
		reset: async () => {
			fake.asked.push('reset');
			return view();
		},
		boot: async () => {
			fake.asked.push('boot');
			return view();
		},
		explain: async () => ['1062: Duplicate entry', 'It exists on the replica already.'],
		sql: async (server, text) => {
			fake.asked.push(`${server}: ${text}`);
			return fake.answer;
		},
		logins: async () => [
			{ name: 'practice-replica', optionFile: '/state/practice/replica.cnf', client: '/bin/mariadb', url: 'mysql://root@127.0.0.1:33602' },
		],
	};
	return fake;
}
