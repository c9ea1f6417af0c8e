import { readFileSync } from 'node:fs';

/** How long after the signal a process that nothing stopped goes on: it stops long before, or never. */
const NOT_STOPPED_MS = 250;

/** Stops all of this group; resolves once it is let go on, or soon where nobody waits for it and the signal stops nothing. */
function stopBy(signal: 'SIGTSTP' | 'SIGTTOU'): Promise<'continued' | 'not stopped'> {
	return new Promise((resolve) => {
		const done = (how: 'continued' | 'not stopped') => {
			clearTimeout(timer);
			process.off('SIGCONT', onContinue);
			resolve(how);
		};
		const onContinue = () => done('continued');
		const timer = setTimeout(done, NOT_STOPPED_MS, 'not stopped');
		process.on('SIGCONT', onContinue);
		process.kill(0, signal);
	});
}

/** Whether another group has the terminal; false where the system does not tell. */
function isInBackground(): boolean {
	try {
		// After the name in its brackets: state, parent, group, session, terminal, the terminal's foreground group.
		const [, , group, , , foreground] = readFileSync('/proc/self/stat', 'utf8')
			.replace(/^.*\) /s, '')
			.split(' ');
		return Number(foreground) > 0 && foreground !== group;
	} catch {
		return false;
	}
}

/**
 * Stops this program as the terminal itself would by Ctrl+Z, with all of its group, so that the shell that waits for it
 * gets its terminal; resolves once it is let go on with the terminal, or `isLeaving`. Let go on without it (`bg`) it stops
 * again, as any program that writes there: libuv would change the modes of a terminal that the shell is using.
 */
export async function stopHere(isLeaving: () => boolean): Promise<void> {
	let how = await stopBy('SIGTSTP');
	while (how === 'continued' && !isLeaving() && isInBackground()) how = await stopBy('SIGTTOU');
}
