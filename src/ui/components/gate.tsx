import { Box } from 'ink';
import { type ReactNode, useEffect, useState } from 'react';
import { failureOf } from '../../core/failure.ts';
import type { Failure } from '../../core/model.ts';
import type { ServerCard, StatusReport } from '../../core/status-report.ts';
import { failureLines } from '../../render/failure.ts';
import { widthOf } from '../../render/width.ts';
import type { ReachRequest, Role } from '../../requests/connection.ts';
import { useApp } from '../app-context.ts';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { Field } from './field.tsx';
import { bodyRows, Frame, type Hint } from './frame.tsx';
import { Pane } from './pane.tsx';
import { Text } from './text.tsx';
import { Trust } from './trust.tsx';

type GateProps = {
	readonly servers: readonly string[];
	/** How each of them is reached, where its name does not say it all. */
	readonly reach?: readonly (ReachRequest[string] | undefined)[];
	/** As which of a pair each is reached. */
	readonly roles?: readonly Role[];
	readonly title: string;
	readonly badge?: ServerCard['badge'];
	/** Else where one was before. */
	readonly onBack?: () => void;
	readonly children: (reports: readonly StatusReport[]) => ReactNode;
};

/** A server as a person knows it: one that only the clients' options say has no name of its own. */
export function displayName(server: string, reach: ReachRequest[string] | undefined): string {
	const { host, socket } = (reach?.flags ?? {}) as { readonly host?: string; readonly socket?: string };
	return server || host || socket || 'the server';
}

/** Whether a password is what is missing: none is known, or the server refused the login rather than the connection. */
export function isLogin({ description, needsPassword }: Failure): boolean {
	if (needsPassword !== undefined) return true;
	return /access denied|\b1045\b|\b1698\b/i.test([description.message, description.reason, description.details].join(' '));
}

function hintsOf(isRefused: boolean, isAsking: boolean): readonly Hint[] {
	if (!isRefused) return [['esc', 'back']];
	if (isAsking)
		return [
			['enter', 'log in'],
			['ctrl+r', 'show'],
			['esc', 'back'],
			['F1', 'help'],
		];
	return [
		['r', 'try again'],
		['esc', 'back'],
		['?', 'help'],
	];
}

/** Why the password is asked for again, and what Enter alone does. */
function AskedWhy({ failure }: { readonly failure: Failure }) {
	const { signs, styles } = useTheme();
	const { needsPassword, description } = failure;
	const isRefused = description.message !== undefined && (needsPassword === undefined || description.details !== undefined);
	const sameAs = needsPassword?.sameAs ?? null;
	return (
		<Box flexDirection="column" flexShrink={0} marginTop={1}>
			<Text {...styles('dim')}>
				{sameAs === null ? 'Enter alone: log in without a password.' : `Enter alone: the same password as for ${sameAs}.`}
			</Text>
			<Text {...styles('dim')}>Kept in memory until lockstep ends; never written, never shown.</Text>
			{isRefused && (
				<Box marginTop={1}>
					<Text {...styles('bad')}>{`${signs.bad} ${[description.message, description.reason].filter(Boolean).join(' ')}`}</Text>
				</Box>
			)}
		</Box>
	);
}

/** Lets through once every server answers; asks for a password where a login is refused. */
export function Gate({ servers, reach = [], roles = [], title, badge = null, onBack, children }: GateProps) {
	const app = useApp();
	const back = onBack ?? app.back;
	const { signs, styles } = useTheme();
	const [reports, setReports] = useState<readonly StatusReport[] | null>(null);
	const [refused, setRefused] = useState<{ readonly index: number; readonly failure: Failure } | null>(null);
	const [password, setPassword] = useState('');
	const [round, setRound] = useState(0);

	// biome-ignore lint/correctness/useExhaustiveDependencies: asked again on demand only.
	useEffect(() => {
		let mine = true;
		const connect = async () => {
			const found: StatusReport[] = [];
			for (const [index, server] of servers.entries()) {
				try {
					found.push(await app.backend.status(server, { reach: reach[index], role: roles[index] }));
				} catch (error) {
					const failure = failureOf(error);
					if (!mine) return;
					setRefused({ index, failure });
					return;
				}
			}
			if (mine) setReports(found);
		};
		void connect();
		return () => {
			mine = false;
		};
	}, [round]);

	const serverAt = (index: number) => servers[index] ?? '';
	const called = (index: number) => displayName(serverAt(index), reach[index]);
	const again = () => {
		setRefused(null);
		setRound(round + 1);
	};
	const logIn = (index: number, sameAs: string | null) => {
		app.backend.remember(serverAt(index), password === '' && sameAs !== null ? null : password, reach[index]);
		setPassword('');
		again();
	};
	const isOpen = reports !== null;
	const unverified = refused?.failure.unverified;
	const asking = refused !== null && isLogin(refused.failure);
	useKeys(
		(key) => {
			if (key === 'esc') back();
			else if (key === 'f1') app.help('form');
			else if (asking) {
				if (key === 'enter' || key === 'ctrl+s') logIn(refused.index, refused.failure.needsPassword?.sameAs ?? null);
			} else if (key === '?') app.help('pick');
			else if (key === 'r' && refused !== null) again();
		},
		!isOpen && unverified === undefined,
	);

	if (isOpen) return children(reports);
	if (refused !== null && unverified !== undefined)
		return (
			<Trust
				server={serverAt(refused.index)}
				reach={reach[refused.index]}
				unverified={unverified}
				title={title}
				onAccept={again}
				onDecline={back}
			/>
		);
	const accountOf = ({ index, failure }: NonNullable<typeof refused>) => failure.needsPassword?.account ?? called(index);
	const height = bodyRows(app.size.rows);
	const width = app.size.columns - 2;
	return (
		<Frame title={title} badge={badge} hints={hintsOf(refused !== null, asking)}>
			{refused === null && (
				<Text {...styles('dim')}>{`Logging in to ${servers.map((_, index) => called(index)).join(' and ')} ${signs.more}`}</Text>
			)}
			{refused !== null && asking && (
				<>
					<Box flexShrink={0}>
						<Text bold>{`Password for ${accountOf(refused)}: `}</Text>
						<Field value={password} onChange={setPassword} focused masked width={Math.max(10, width - widthOf(accountOf(refused)) - 16)} />
					</Box>
					<AskedWhy failure={refused.failure} />
				</>
			)}
			{refused !== null && !asking && (
				<Pane
					lines={failureLines(refused.failure, { width, ascii: signs.ok === '+', state: 'Untouched: nothing was changed.' })}
					width={width}
					height={height}
				/>
			)}
		</Frame>
	);
}
