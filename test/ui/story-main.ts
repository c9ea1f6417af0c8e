import { startWizard } from '../../src/ui/start.tsx';
import { fakeDesk, firstHalf, lockEvent, secondHalf } from './story.ts';

/** The wizard over a fake desk, for looking at: a run that is let go plays by itself, slowly. */
const desk = fakeDesk();
const kind = process.argv[2] === 'provision' ? 'provision' : 'backup';
const timer = setInterval(() => {
	if (desk.decisions.length === 0) return;
	clearInterval(timer);
	desk.play(
		...firstHalf(
			kind,
			Array.from({ length: 40 }, (_, index) => index / 120),
		),
	);
	process.on('SIGUSR2', () => {
		desk.play(...secondHalf(kind));
		desk.end();
	});
}, 50);
const { summary } = await startWizard({
	desk: {
		...desk,
		get warnings() {
			return desk.warnings;
		},
	},
	stdin: process.stdin,
	stdout: process.stdout,
	env: process.env,
	now: () => new Date('2026-11-21T02:02:00.000Z'),
});
void lockEvent;
if (summary !== null) process.stdout.write(`${summary}\n`);
process.exit(0);
