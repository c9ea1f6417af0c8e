import { Box, useApp as useInk, usePaste, useStdout, useWindowSize } from 'ink';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { WizardBackend } from '../app/wizard-backend.ts';
import type { ServerSeen } from '../core/status-report.ts';
import { type App, AppContext, type HelpAbout, type Place } from './app-context.ts';
import { Text } from './components/text.tsx';
import { Keys, KeysReach, useKeys } from './keys.ts';
import { practiceOnly } from './practice-backend.ts';
import { AllRuns } from './screens/all-runs.tsx';
import { Archive } from './screens/archive.tsx';
import { Backup } from './screens/backup.tsx';
import { Backups } from './screens/backups.tsx';
import { Connect } from './screens/connect.tsx';
import { Doctor } from './screens/doctor.tsx';
import { End } from './screens/end.tsx';
import { Folders } from './screens/folders.tsx';
import { Help } from './screens/help.tsx';
import { Home } from './screens/home.tsx';
import { Lesson } from './screens/lesson.tsx';
import { Pick } from './screens/pick.tsx';
import { Practice } from './screens/practice.tsx';
import { Profiles } from './screens/profiles.tsx';
import { Provision } from './screens/provision.tsx';
import { Recover, Undo } from './screens/recover.tsx';
import { Restore } from './screens/restore.tsx';
import { Run, Watch } from './screens/run.tsx';
import { RunDetailsScreen } from './screens/run-details.tsx';
import { ChooseRun, Runs } from './screens/runs.tsx';
import { Server } from './screens/server.tsx';
import { Status } from './screens/status.tsx';
import { Verify } from './screens/verify.tsx';
import { WholeWay } from './screens/whole-way.tsx';
import type { Session } from './session.ts';
import { type Theme, ThemeContext } from './theme.ts';
import { type HelpTopic, WORDS } from './words.ts';

export const SMALLEST = { columns: 60, rows: 16 };
const FLASH_MS = 3000;

type WizardProps = {
	readonly backend: WizardBackend;
	readonly session: Session;
	readonly theme: Theme;
	readonly first: readonly Place[];
	readonly now: () => Date;
	readonly quit: () => void;
	/** Leaves, and leaves the run at work. */
	readonly background: () => void;
	readonly redraw: () => void;
	/** Gives the terminal back while `stopped` lasts; `handOver` is Ink's own way to. */
	readonly suspend: (handOver: (stopped: () => Promise<void>) => Promise<void>) => void;
};

/** The whole wizard. */
export function Wizard(props: WizardProps) {
	return (
		<Keys>
			<Places {...props} />
		</Keys>
	);
}

/** Where one is, what lies above it, and the keys that hold everywhere. */
function Places({ backend, session, theme, first, now, quit, background, redraw, suspend }: WizardProps) {
	const size = useWindowSize();
	const { stdout } = useStdout();
	const { suspendTerminal } = useInk();
	const [places, setPlaces] = useState<readonly Place[]>(first);
	const [help, setHelp] = useState<({ readonly topic: HelpTopic } & HelpAbout) | null>(null);
	const [note, setNote] = useState<string | null>(null);
	const [drafts] = useState(() => new Map<string, { readonly [field: string]: string }>());
	const [seen] = useState(() => new Map<string, ServerSeen>());
	const timer = useRef<NodeJS.Timeout | undefined>(undefined);
	const leaving = useRef(false);
	const onInterrupt = useRef<(() => void) | null>(null);

	const flash = useCallback((text: string) => {
		clearTimeout(timer.current);
		setNote(text);
		timer.current = setTimeout(() => {
			leaving.current = false;
			setNote(null);
		}, FLASH_MS);
	}, []);
	useEffect(() => () => clearTimeout(timer.current), []);
	const alone = first.length === 1 && first[0]?.at === 'watch';

	const isPractice = places.some(({ at }) => at === 'practice' || at === 'whole-way');
	const reached = useMemo(() => (isPractice ? practiceOnly(backend) : backend), [backend, isPractice]);
	const app = useMemo<App>(
		() => ({
			backend: reached,
			session,
			size,
			now,
			note,
			seen,
			drafts,
			onInterrupt,
			flash,
			quit,
			background,
			alone,
			go: (place, instead) => setPlaces((before) => [...(instead === undefined ? before : [...before.slice(0, -1), instead]), place]),
			back: () => (alone ? quit() : setPlaces((before) => (before.length > 1 ? before.slice(0, -1) : [{ at: 'home' }]))),
			home: () =>
				alone
					? quit()
					: setPlaces((before) => {
							const wholeWay = before.findLastIndex((place) => place.at === 'whole-way');
							return wholeWay < 0 ? [{ at: 'home' }] : before.slice(0, wholeWay + 1);
						}),
			help: (topic, about) => setHelp({ topic, ...about }),
			copy: (text, what) => {
				stdout.write(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`);
				flash(`Copied, if your terminal allows it: ${what}`);
			},
		}),
		[reached, session, size, now, note, seen, drafts, flash, quit, background, alone, stdout],
	);

	const small = size.columns < SMALLEST.columns || size.rows < SMALLEST.rows;
	const interrupt = () => {
		if (onInterrupt.current !== null) {
			setHelp(null);
			onInterrupt.current();
		} else if (leaving.current) quit();
		else {
			flash(WORDS.leaveAgain);
			leaving.current = true;
		}
	};
	const leaveByLetter = () => {
		if (session.working === null) quit();
		else flash(WORDS.howToLeave);
	};
	useKeys(
		(key, { isTyping }) => {
			if (key === 'ctrl+l') redraw();
			else if (key === 'ctrl+z') suspend(suspendTerminal);
			else if (key === 'b' && small && session.working !== null) background();
			else if (key === 'ctrl+c') interrupt();
			else if (key === 'q' && !isTyping && help === null) leaveByLetter();
			else if (leaving.current) {
				leaving.current = false;
				setNote(null);
			}
		},
		true,
		{ isGlobal: true },
	);
	// Held on everywhere, so that what is pasted beside a field is not taken for keys.
	usePaste(() => {});

	const place = places.at(-1) ?? { at: 'home' };
	const hidden = small || help !== null;
	return (
		<ThemeContext value={theme}>
			<AppContext value={app}>
				<KeysReach value={!hidden}>
					<Box display={hidden ? 'none' : 'flex'}>
						<Screen key={`${places.length} ${place.at}`} place={place} />
					</Box>
				</KeysReach>
				{help !== null && !small && <Help {...help} onClose={() => setHelp(null)} />}
				{small && (
					<Box width={size.columns} height={size.rows} overflow="hidden" flexDirection="column">
						<Text wrap="wrap">{`Terminal too small: ${size.columns}${theme.ascii ? 'x' : '×'}${size.rows}. Needs ${SMALLEST.columns}${theme.ascii ? 'x' : '×'}${SMALLEST.rows}.`}</Text>
						{session.working !== null && (
							<Text wrap="wrap">The run continues. Make the terminal larger to see it, or to stop it safely. b: leave it at work.</Text>
						)}
						{note !== null && <Text wrap="wrap">{note}</Text>}
					</Box>
				)}
			</AppContext>
		</ThemeContext>
	);
}

function Screen({ place }: { readonly place: Place }) {
	switch (place.at) {
		case 'home':
			return <Home />;
		case 'pick':
			return <Pick {...place} />;
		case 'connect':
			return <Connect {...place} />;
		case 'backup':
			return <Backup card={place.card} />;
		case 'provision':
			return <Provision {...place} />;
		case 'status':
			return <Status card={place.card} />;
		case 'doctor':
			return <Doctor card={place.card} />;
		case 'server':
			return <Server card={place.card} />;
		case 'folders':
			return <Folders />;
		case 'backups':
			return <Backups folder={place.folder} />;
		case 'archive':
			return <Archive card={place.card} />;
		case 'verify':
			return <Verify {...place} />;
		case 'restore':
			return <Restore card={place.card} backup={place.backup} />;
		case 'profiles':
			return <Profiles />;
		case 'practice':
			return <Practice />;
		case 'lesson':
			return <Lesson lesson={place.lesson} />;
		case 'whole-way':
			return <WholeWay />;
		case 'run':
			return <Run request={place.request} title={place.title} />;
		case 'watch':
			return <Watch {...place} />;
		case 'ended':
			return <End {...place} />;
		case 'runs':
			return <Runs {...place} />;
		case 'choose-run':
			return <ChooseRun goal={place.goal} />;
		case 'recover':
			return <Recover card={place.card} />;
		case 'all-runs':
			return <AllRuns />;
		case 'run-details':
			return <RunDetailsScreen run={place.run} />;
		case 'undo':
			return <Undo details={place.details} />;
	}
}
