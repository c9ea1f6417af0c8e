import { render } from 'ink';
import type { WizardBackend } from '../app/wizard-backend.ts';
import type { Json } from '../core/json.ts';
import type { RunEnd } from '../core/runner.ts';
import { shellWord } from '../core/shell.ts';
import type { RunState } from '../core/state.ts';
import { asciiCellsTo } from '../render/ascii.ts';
import { renderLeft } from '../render/background.ts';
import { renderSummary } from '../render/summary.ts';
import { usualBackup } from '../requests/backup.ts';
import type { RunRequest } from '../requests/index.ts';
import { Wizard } from './app.tsx';
import type { Place } from './app-context.ts';
import { displayName } from './components/gate.tsx';
import { type LeftRun, openSession, type Session } from './session.ts';
import { KeyParser, MOUSE_OFF, MOUSE_ON, type TerminalInput } from './stdin.ts';
import { stopHere } from './suspend.ts';
import { theme } from './theme.ts';

export type Open =
	| { readonly screen: 'home' | 'provision' | 'backup' | 'backups' | 'status' }
	/** Which run, before what is done with it. */
	| { readonly screen: 'recover' | 'undo' }
	/** Straight to the plan of this work. */
	| { readonly screen: 'review'; readonly request: RunRequest }
	/** Straight to a run at work, to watch it; leaving it ends the wizard. */
	| { readonly screen: 'run'; readonly run: string; readonly title: string }
	/** Starts or finds the throwaway pair, then offers the flows on it. */
	| { readonly screen: 'demo' | 'practice' };

export type WizardOptions = {
	readonly backend: WizardBackend;
	readonly stdin: TerminalInput;
	readonly stdout: NodeJS.WriteStream;
	readonly ascii: boolean;
	readonly color: boolean;
	/** Whether the wheel of a mouse moves lists and panes; `LOCKSTEP_NO_MOUSE` says no. */
	readonly mouse?: boolean;
	readonly open?: Open;
	readonly now?: () => Date;
};

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export type WizardResult = {
	/** To be printed on the normal screen; null where nothing was run. */
	readonly summary: string | null;
	/** The end of the last run that got further than its review; null where one was left at work after it. */
	readonly end: RunEnd | null;
	/** What that run came to. */
	readonly state: RunState | null;
	/** The run that goes on without the wizard: told in `summary`. */
	readonly left: LeftRun | null;
	/** What ended the wizard, where it was not a key. */
	readonly signal: Signal | null;
};

const SIGNALS: readonly Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const MAX_FPS = 15;
const CTRL_Z = '\x1a';

function placesOf(open: Open): readonly Place[] {
	switch (open.screen) {
		case 'home':
			return [{ at: 'home' }];
		case 'provision':
			return [{ at: 'home' }, { at: 'provision' }];
		case 'backups':
			return [{ at: 'home' }, { at: 'folders' }];
		case 'backup':
		case 'status':
			return [{ at: 'home' }, { at: 'pick', flow: open.screen }];
		case 'recover':
		case 'undo':
			return [{ at: 'home' }, { at: 'choose-run', goal: open.screen }];
		case 'demo':
			return [{ at: 'home' }, { at: 'whole-way' }];
		case 'practice':
			return [{ at: 'home' }, { at: 'practice' }];
		case 'run':
			return [{ at: 'watch', how: 'attach', run: open.run, title: open.title, request: null }];
		case 'review': {
			const { request } = open;
			return [{ at: 'home' }, { at: 'run', request, title: titleOf(request).replace(/mysql:\/\/(?:[^@/]*@)?([^?]*).*/, '$1') }];
		}
	}
}

function titleOf(request: RunRequest): string {
	switch (request.kind) {
		case 'provision':
			return `set up ${displayName(request.replica, request.reach?.replica)}`;
		case 'drill':
			return `drill ${request.backup.split('/').at(-1)}`;
		case 'backup':
		case 'restore':
			return `${request.kind} ${displayName(request.server, request.reach?.server)}`;
	}
}

function summaryOf(session: Session, backend: WizardBackend, options: { width: number; ascii: boolean; color: boolean }): string | null {
	if (session.left !== null) return renderLeft(session.left, options);
	if (session.last === null) return null;
	const { end, state, request } = session.last;
	const next = end.outcome !== 'done' || request === null ? [] : nextOf(backend, request, end.summary.backup);
	return renderSummary(end, state, { ...options, next });
}

/** Command lines for what comes after a run that was as asked. */
function nextOf(backend: WizardBackend, request: RunRequest, backup: Json | undefined): readonly string[] {
	switch (request.kind) {
		case 'restore':
			return [backend.commandLine({ kind: 'status', server: request.server, ...(request.reach && { reach: request.reach }) })];
		case 'backup':
			return [`less ${shellWord(`${typeof backup === 'string' ? backup : request.to}/README.txt`)}`];
		case 'drill':
			return [];
		case 'provision':
			return [
				backend.commandLine({
					...usualBackup(request.replica, backend.proposeOutput(displayName(request.replica, request.reach?.replica))),
					...(request.reach?.replica && { reach: { server: request.reach.replica } }),
				}),
			];
	}
}

/**
 * The wizard on the alternate screen, until it is left by a key or a signal. SIGINT and SIGTERM stop a run at work
 * safely first; a terminal that is gone only takes the sight of it away, and so does `b`: it goes on by itself.
 * The terminal is left as it was found. Rejects only on a bug of its own.
 */
export async function startWizard({
	backend,
	stdin,
	stdout,
	ascii,
	color,
	mouse = false,
	open = { screen: 'home' },
	now = () => new Date(),
}: WizardOptions): Promise<WizardResult> {
	const session = openSession();
	const input = new KeyParser(stdin);
	let signal: Signal | null = null;
	let leaving = false;

	const leave = async (how: 'stop' | 'leave') => {
		if (leaving) return;
		leaving = true;
		await session.close(how);
		instance.unmount();
	};
	/** Written at once, even by a process that is about to end. */
	const askForMouse = (on: boolean) => {
		if (mouse) stdout.write(on ? MOUSE_ON : MOUSE_OFF);
	};
	const onExit = () => askForMouse(false);
	let suspended = false;
	const onSuspend = () => input.type(CTRL_Z);
	const suspend = (handOver: (stopped: () => Promise<void>) => Promise<void>) => {
		if (leaving || suspended) return;
		suspended = true;
		const stopped = async () => {
			askForMouse(false);
			stdout.write(session.working === null ? 'fg brings lockstep back.\n' : 'The run continues; fg brings lockstep back.\n');
			process.off('SIGTSTP', onSuspend);
			await stopHere(() => leaving);
			process.on('SIGTSTP', onSuspend);
			// Ended by a signal while it was stopped: the terminal is somebody else's, and stays so.
			if (leaving) await instance.waitUntilExit();
			// Of its new size only those were told who had the terminal meanwhile.
			else process.kill(process.pid, 'SIGWINCH');
		};
		handOver(stopped)
			// A terminal that is gone meanwhile is told by its streams.
			.catch(() => undefined)
			.finally(() => {
				suspended = false;
				if (!leaving) askForMouse(true);
			});
	};
	const tree = (
		<Wizard
			backend={backend}
			session={session}
			theme={theme({ ascii, color })}
			first={placesOf(open)}
			now={now}
			quit={() => void leave('stop')}
			background={() => void leave('leave')}
			suspend={suspend}
			redraw={() => {
				stdout.write('\x1b[2J\x1b[H');
				instance.clear();
				instance.rerender(tree);
			}}
		/>
	);
	// All before the first frame: a signal that is sent as soon as it is seen would else act by its default.
	const handlers = SIGNALS.map((name) => {
		const handler = () => {
			signal ??= name;
			void leave(name === 'SIGHUP' ? 'leave' : 'stop');
		};
		process.on(name, handler);
		return () => process.off(name, handler);
	});
	process.on('SIGTSTP', onSuspend);
	// A key that is pressed as soon as it is seen would else be echoed by the terminal, and lost.
	input.setRawMode(true);
	process.on('exit', onExit);
	askForMouse(true);
	const instance = render(tree, {
		// The border is all that Ink asks of an input stream.
		stdin: input as unknown as NodeJS.ReadStream,
		stdout: ascii ? asciiCellsTo(stdout) : stdout,
		exitOnCtrlC: false,
		// Nothing here writes by console.
		patchConsole: false,
		alternateScreen: true,
		interactive: true,
		maxFps: MAX_FPS,
	});

	// A terminal that is gone fails every read and write, and may come without its signal.
	const gone = () => {
		signal ??= 'SIGHUP';
		void leave('leave');
	};
	stdin.on('error', gone);
	stdin.on('end', gone);
	stdout.on('error', gone);
	try {
		await instance.waitUntilExit();
	} finally {
		// Already closed, unless the screens broke: no reason to stop what they only showed.
		await session.close('leave');
		askForMouse(false);
		process.off('exit', onExit);
		input.setRawMode(false);
		for (const off of handlers) off();
		process.off('SIGTSTP', onSuspend);
		stdin.off('error', gone);
		stdin.off('end', gone);
		// Kept on stdout: writes to a terminal that is gone fail later than this.
	}
	const width = Math.max(40, Math.min(100, stdout.columns || 80));
	const { left } = session;
	return {
		summary: summaryOf(session, backend, { width, ascii, color }),
		end: left === null ? (session.last?.end ?? null) : null,
		state: session.last?.state ?? null,
		left,
		signal,
	};
}
