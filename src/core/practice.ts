// What practice shows, on a screen, in a terminal and as JSON. Texts are in the language that was asked for.

/** A lesson in the list. */
export type LessonCard = {
	readonly id: string;
	readonly number: number;
	readonly title: string;
	/** It is being played. */
	readonly isOpen: boolean;
	/** Null where it was never completed; else how that went, the first time. */
	readonly done: LessonScore | null;
};

export type LessonScore = {
	readonly seconds: number;
	readonly hints: number;
	readonly tries: number;
	/** How often a check saw that the tempting remedy was applied. */
	readonly wrong: number;
};

export type PracticeList = {
	/** Of the servers: `mariadb-11.8`. */
	readonly kind: string;
	readonly lessons: readonly LessonCard[];
	readonly exam: ExamView | null;
};

export type ExamView = {
	readonly lessons: readonly string[];
	/** Ids of those that were completed in time. */
	readonly done: readonly string[];
	/** RFC 3339 */
	readonly until: string;
	readonly isOver: boolean;
};

export type CheckView = { readonly id: string; readonly title: string; readonly ok: boolean; readonly evidence: string };

export type PracticeServer = {
	readonly name: string;
	readonly host: string;
	readonly port: number;
	readonly socket: string;
	readonly isRunning: boolean;
};

/** The lesson that is being played. */
export type LessonView = {
	readonly id: string;
	readonly number: number;
	/** How many lessons there are on these servers. */
	readonly total: number;
	readonly kind: string;
	readonly title: string;
	readonly story: string;
	readonly goal: string;
	/** RFC 3339 */
	readonly started: string;
	/** Shown so far. */
	readonly hints: readonly string[];
	readonly hintCount: number;
	readonly servers: readonly PracticeServer[];
	readonly exam: ExamView | null;
};

/** A server in a few lines of data, the same in every language. */
export type PracticeServerState = { readonly name: string; readonly address: string; readonly lines: readonly string[] };

/** How the checks of the open lesson came out. */
export type CheckReport = {
	readonly lesson: LessonView;
	readonly checks: readonly CheckView[];
	readonly states: readonly PracticeServerState[];
	readonly isDone: boolean;
	/** What the tempting remedy has cost, while the data show it. */
	readonly price: string | null;
	/** Once it is done: what was tempting, and what to take home. */
	readonly tempting: string | null;
	readonly debrief: string | null;
	/** What `lockstep doctor` says in production of a server with this fault; once it is done. */
	readonly findings: readonly { readonly id: string; readonly meaning: string }[];
	readonly score: LessonScore;
};

/** What a server says to a statement that a trainee typed. */
export type SqlAnswer = {
	readonly columns: readonly string[];
	readonly rows: readonly (readonly (string | null)[])[];
	readonly error: string | null;
};

/** How any tool in another terminal reaches a server of the pair: no password is needed, least of all in an argument. */
export type PracticeLogin = { readonly name: string; readonly optionFile: string; readonly client: string; readonly url: string };
