/** How far a finding is from right: `fail` is wrong, `warning` asks for attention, `note` informs. */
export type FindingStatus = 'ok' | 'note' | 'warning' | 'fail';

/** One thing that the doctor looked at, in the language that was asked for. */
export type DoctorFinding = {
	/** Stable, for scripts and lessons: `REPL-SQL`. */
	readonly id: string;
	/** The channel that it is about, where the server has several. */
	readonly channel: string | null;
	readonly status: FindingStatus;
	/** What is the case, with the server's own figures; a sentence. */
	readonly evidence: string;
	/** What that means for this server; null where all is right. */
	readonly meaning: string | null;
	/** What to do; null where nothing is to be done. */
	readonly fix: string | null;
	/** Lines to copy: statements, and lines for the option file. */
	readonly lines: readonly string[];
	/** What is tempting and wrong, and its price. */
	readonly unsafe: string | null;
	/** The lesson of practice that teaches it. */
	readonly lesson: string | null;
};

/** What `lockstep doctor --json` prints. */
export type DoctorReport = {
	readonly name: string;
	readonly title: string;
	readonly version: string;
	readonly address: string;
	/** The primary that it was compared with. */
	readonly primary: string | null;
	readonly findings: readonly DoctorFinding[];
};

/** Whether something is wrong. */
export const isIll = ({ findings }: Pick<DoctorReport, 'findings'>): boolean => findings.some(({ status }) => status === 'fail');
