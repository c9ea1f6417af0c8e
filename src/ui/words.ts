/** What the help overlay tells: the keys of the place one is at, and why it is there. */
export type HelpTopic =
	| 'home'
	| 'pick'
	| 'form'
	| 'review'
	| 'run'
	| 'failed'
	| 'summary'
	| 'status'
	| 'doctor'
	| 'server'
	| 'practice'
	| 'whole-way'
	| 'profiles'
	| 'runs'
	| 'all-runs'
	| 'run-details'
	| 'undo'
	| 'folders'
	| 'backups'
	| 'archive'
	| 'verify'
	| 'recover';

type Help = { readonly title: string; readonly why: string; readonly keys: readonly (readonly [key: string, does: string])[] };

const MOVE = ['up down  k j  PgUp PgDn  g G', 'move; the mouse’s wheel does, too'] as const;
const FILTER = ['/', 'show only what holds a text; esc clears it'] as const;
const EVERYWHERE = [
	['?  F1', 'this help'],
	['ctrl+l', 'draw the screen anew'],
	['ctrl+z', 'back to the shell; fg returns'],
	['q', 'leave; during a run it says how'],
	['ctrl+c', 'twice: leave'],
] as const;

export const HELP: { readonly [topic in HelpTopic]: Help } = {
	home: {
		title: 'Home',
		why: 'Nothing on a server changes from here: every change is shown first, in a plan, statement by statement, and asks before it is made.',
		keys: [
			MOVE,
			['enter, or its digit', 'open a server, or an entry of the menu'],
			['tab', 'from the servers to the menu, and back'],
			FILTER,
			['o', 'order by name, state, lag, age of the backup'],
			['b', 'back the server up'],
			['u', 'log in, where a password is needed'],
			['r', 'refresh: ask every server now'],
			...EVERYWHERE,
		],
	},
	pick: {
		title: 'Choose a server',
		why: 'A server is a saved profile or an address typed here. Passwords are asked for, kept in memory only, and never written.',
		keys: [
			['up down  PgUp PgDn', 'move'],
			['letters', 'filter the list, or any address: HOST, USER@HOST:PORT, /path/to/socket, mysql://…'],
			['enter', 'choose'],
			['esc', 'clear, then back'],
			['F1', 'this help'],
			['ctrl+c', 'twice: leave'],
		],
	},
	form: {
		title: 'Answers',
		why: 'Answers stay when you go back. Nothing is done before the plan is started; what is looked up until then only reads.',
		keys: [
			['ctrl+s', 'continue, from any field; enter does on the button'],
			['tab, shift+tab, up down', 'next, previous field; shift+tab on the first goes back'],
			['PgUp PgDn', 'first field, button'],
			['space, left right, first letter', 'change a choice'],
			['ctrl+a ctrl+e  home end', 'begin and end of the line'],
			['ctrl+u ctrl+k ctrl+w', 'cut to the begin, to the end, the word'],
			['ctrl+r', 'show a password'],
			['esc', 'back'],
			['F1', 'this help'],
			['ctrl+c', 'twice: leave'],
		],
	},
	review: {
		title: 'Plan',
		why: 'This is the very plan that will be done: the statements shown are the ones that are sent. Up to here lockstep only read. What destroys something or makes others wait asks for a name to be typed.',
		keys: [
			['enter', 'start, or ask for what must be typed'],
			['s', 'every statement in full, with its why'],
			['i', 'every check in full'],
			['space', 'show or hide what each step sends'],
			['c', 'copy the same thing as a command line'],
			['w', 'write the plan to a file in this folder'],
			['r', 'run the checks again'],
			MOVE,
			['esc', 'back: nothing has changed'],
			...EVERYWHERE,
		],
	},
	run: {
		title: 'At work',
		why: '',
		keys: [
			['s', 'the statements and commands as they are done'],
			['l', 'the log'],
			MOVE,
			['esc', 'close a pane'],
			['b', 'the run continues; lockstep attach returns'],
			['ctrl+c', 'asks: keep going, or stop safely'],
			['ctrl+z', 'the shell, while the run continues; fg returns'],
			['ctrl+l', 'draw the screen anew'],
		],
	},
	failed: {
		title: 'A step failed',
		why: 'What was done before it is complete and recorded. Fix the cause and retry, keep what is done and resume later, or undo this run.',
		keys: [
			MOVE,
			['enter', 'choose'],
			['esc', 'keep what is done, and leave'],
			['b', 'leave the question open; lockstep attach returns'],
			['s', 'the statements that were done'],
			['y', 'copy what to do'],
			...EVERYWHERE,
		],
	},
	summary: {
		title: 'The end of a run',
		why: 'The same summary stays in your terminal after you leave.',
		keys: [
			MOVE,
			['enter', 'home'],
			['v d o t …', 'what comes next: each key is listed with what it does'],
			['p', 'roll back what a run whose process died has left'],
			['s', 'the statements that were done'],
			['l', 'the log'],
			['y', 'copy'],
			...EVERYWHERE,
		],
	},
	runs: {
		title: 'Choose a run',
		why: 'Runs of this machine that are not over, newest first.',
		keys: [MOVE, FILTER, ['enter', 'choose'], ['esc', 'back'], ...EVERYWHERE],
	},
	'all-runs': {
		title: 'Runs',
		why: 'What ran on this machine, by its journals: at work, interrupted and unfinished first, then the newest. It is read-only.',
		keys: [
			MOVE,
			['enter', 'open it: watch, resume, roll back'],
			['/', 'filter the list'],
			['r', 'refresh'],
			['esc', 'back'],
			...EVERYWHERE,
		],
	},
	'run-details': {
		title: 'A run',
		why: 'Resume opens the plan of the same request again: steps that are complete and still hold are not repeated. Undo shows its statements first. The folder of an incomplete backup is no backup, and only takes room.',
		keys: [
			['up down  k j', 'move'],
			['enter', 'choose'],
			['s', 'its statements and commands'],
			['PgUp PgDn', 'scroll'],
			['y', 'copy its id'],
			['esc', 'back'],
			...EVERYWHERE,
		],
	},
	undo: {
		title: 'Undo',
		why: 'Its journal says what each thing was before; the server says what it is now. Only what is still as the run left it is undone: what something else has changed since is shown, and left. What would be destroyed asks for a name to be typed.',
		keys: [MOVE, ['enter', 'undo it'], ['r', 'refresh'], ['y', 'copy the statements'], ['esc', 'back'], ...EVERYWHERE],
	},
	folders: {
		title: 'Whose backups',
		why: 'Each server has a folder for its backups: its profile says which, else one is proposed. Any other folder of backups is as good. Reading changes nothing.',
		keys: [MOVE, FILTER, ['enter', 'open its backups'], ['esc', 'back'], ...EVERYWHERE],
	},
	backups: {
		title: 'Backups',
		why: 'In the order chosen, as lockstep list shows them. A running one is being made, an interrupted one was left by a run that is over: neither counts as a backup. A damaged one has its final name and cannot be read. Verified and drilled say when it was proven last, and whether it has been changed since.',
		keys: [
			MOVE,
			['enter', 'open it: verify, drill, restore; remove what a run left'],
			FILTER,
			['o', 'order: newest, oldest, largest first'],
			['r', 'refresh'],
			['esc', 'back'],
			...EVERYWHERE,
		],
	},
	archive: {
		title: 'A backup',
		why: 'Verify reads every byte and finds what was lost or changed. Only a restore proves that a backup restores: drill does one on this machine, to a throwaway server. Restore loads it into a server of yours, after its plan.',
		keys: [['up down  k j', 'move'], ['enter', 'choose'], ['PgUp PgDn', 'scroll'], ['y', 'copy its path'], ['esc', 'back'], ...EVERYWHERE],
	},
	verify: {
		title: 'Verify',
		why: 'Every file is read to its end: size, sum, compression, footer, rows and objects by the manifest, and that nothing else lies in the folder. What it came to is written beside the backup, never into it.',
		keys: [
			['esc', 'stop reading; afterwards: back'],
			['d o b', 'afterwards: what comes next, as listed'],
			['r', 'once more'],
			['y', 'copy'],
			MOVE,
			['ctrl+c', 'stop reading; afterwards, twice: leave'],
			['ctrl+l', 'draw the screen anew'],
		],
	},
	recover: {
		title: 'Recover',
		why: 'The process of this run is gone, and what it changed is not rolled back yet. Its journal says what each thing was before; the server says what it is now. Only what is still as the run left it is rolled back: what something else has changed since is shown, and left.',
		keys: [MOVE, ['enter', 'roll it back'], ['r', 'refresh'], ['y', 'copy the statements'], ['esc', 'back'], ...EVERYWHERE],
	},
	status: {
		title: 'Status',
		why: 'Looks every two seconds and changes nothing. Lag is how old the newest applied change is (Seconds_Behind_Master, in MySQL Seconds_Behind_Source); a replica that waits for a lock falls behind and catches up afterwards.',
		keys: [['r', 'refresh now'], ['d', 'what is wrong, and what fixes it'], ['esc', 'back'], ...EVERYWHERE],
	},
	doctor: {
		title: 'Doctor',
		why: 'Asks the server what decides whether its replication, its backups and their locks can be trusted, and changes nothing. What is wrong comes first: what is so, what that means here, what fixes it, and what only seems to. With a profile that expects a source by its profile’s name it is compared with that primary, too.',
		keys: [MOVE, FILTER, ['y', 'copy the lines that fix it'], ['r', 'again'], ['esc', 'back'], ...EVERYWHERE],
	},
	server: {
		title: 'A server',
		why: 'How it is now, and what can be done with it. Every change is shown first, in a plan, and asks before it is made.',
		keys: [
			MOVE,
			['enter, or its digit', 'open'],
			['u', 'log in, where a password is needed'],
			['r', 'refresh'],
			['esc', 'back'],
			...EVERYWHERE,
		],
	},
	practice: {
		title: 'Practice',
		why: 'Two real servers on this machine, with a fault in them. The checks ask the servers every two seconds; how you repair them, and with which tool, is up to you. Nothing of yours is reached: no profile, no option file, no password of the environment.',
		keys: [
			MOVE,
			['enter', 'open a lesson'],
			['c', 'check now; this one counts'],
			['h', 'one more hint'],
			['s', 'SQL: tab for the other server, up for what was typed before'],
			['e', 'what the error means'],
			['r', 'the lesson from its beginning'],
			['b', 'start the servers that do not run'],
			['o', 'how other tools reach both servers'],
			['esc', 'back; the lesson stays as it is'],
			...EVERYWHERE,
		],
	},
	'whole-way': {
		title: 'The whole way',
		why: 'A throwaway primary and replica on this machine, listening on 127.0.0.1 only, with sample data and a writer that keeps changing it. The flows are the real ones: first set up the replica, then back it up.',
		keys: [MOVE, ['enter, or its digit', 'open'], ['esc', 'back'], ...EVERYWHERE],
	},
	profiles: {
		title: 'Profiles',
		why: 'A profile is a name for a server, where its backups go, a badge that is always in the header, and what is expected of the server. It holds no password.',
		keys: [
			MOVE,
			FILTER,
			['enter  t', 'its status: whether it can be reached'],
			['a', 'add one'],
			['e', 'edit it: its name, its address, what is expected of it'],
			['d', 'remove it; its server and its backups stay'],
			['esc', 'back'],
			...EVERYWHERE,
		],
	},
};

/** The stages of a flow, as the header tells them. */
export const STAGES = {
	backup: ['Server', 'What and how', 'Plan', 'Run', 'Summary'],
	provision: ['Servers', 'Plan', 'Run', 'Summary'],
	restore: ['Server', 'What', 'Plan', 'Run', 'Summary'],
	drill: ['Plan', 'Run', 'Summary'],
} as const;

export const WORDS = {
	leaveAgain: 'Press Ctrl+C again to leave',
	howToLeave: 'b: leave it in the background   ctrl+c: stop it safely',
	keepGoing: 'Keep going',
	stopSafely: 'Stop safely',
	stopping: 'Stopping safely: whatever is held is being released. This is never skipped.',
	nothingLeft: 'Nothing is left to be rolled back.',
	puttingBack: 'Rolling back what was changed. This is never skipped.',
	stopWhy: {
		backup:
			'Stopping ends the work in hand, rolls back what was changed, releases the lock, and keeps an unfinished folder marked as such.',
		restore:
			'Stopping ends the work in hand; what is half-loaded is loaded again later. What is done so far is kept and recorded: starting it again resumes it.',
		drill: 'Stopping ends the work in hand, stops the throwaway server and removes its folder. Nothing is proven then.',
		provision: 'Stopping ends the work in hand. What is done so far is kept and recorded: starting it again resumes it.',
	},
	estimating: 'estimating',
	nothingYet: 'Nothing yet.',
	readOnly: 'Read-only: nothing changes before you confirm.',
} as const;
