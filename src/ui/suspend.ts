/** How long after the signal a process that nothing stopped goes on: it stops long before, or never. */
const NOT_STOPPED_MS = 250;

/**
 * Stops this program as the terminal itself would by Ctrl+Z, with all of its group, so that the shell that waits for it
 * gets its terminal; resolves once it is let go on. Where no shell waits the signal stops nothing, and it resolves at once.
 */
export function stopHere(): Promise<void> {
	return new Promise((resolve) => {
		const goOn = () => {
			clearTimeout(timer);
			process.off('SIGCONT', goOn);
			resolve();
		};
		const timer = setTimeout(goOn, NOT_STOPPED_MS);
		process.on('SIGCONT', goOn);
		process.kill(0, 'SIGTSTP');
	});
}
