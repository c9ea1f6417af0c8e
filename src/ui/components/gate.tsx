import { Box } from 'ink';
import { type ReactNode, useEffect, useState } from 'react';
import { failureOf } from '../../core/failure.ts';
import type { Failure } from '../../core/model.ts';
import type { ServerCard, StatusReport } from '../../core/status-report.ts';
import { failureLines } from '../../render/failure.ts';
import { widthOf } from '../../render/width.ts';
import type { ReachRequest } from '../../requests/connection.ts';
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
	readonly title: string;
	readonly badge?: ServerCard['badge'];
	readonly children: (reports: readonly StatusReport[]) => ReactNode;
};

/** A server as a person knows it: one that only the clients' options say has no name of its own. */
export function displayName(server: string, reach: ReachRequest[string] | undefined): string {
	const { host, socket } = (reach?.flags ?? {}) as { readonly host?: string; readonly socket?: string };
	return server || host || socket || 'the server';
}

/** Whether a server said no to the login rather than to the connection. */
export function isLogin({ description: told }: Failure): boolean {
	return /access denied|refused to log in|\b1045\b|\b1698\b/i.test([told.message, told.reason, told.details].join(' '));
}

function hintsOf(isRefused: boolean, isAsking: boolean): readonly Hint[] {
	if (!isRefused) return [['esc', 'back']];
	if (isAsking)
		return [
			['enter', 'log in'],
			['ctrl+r', 'show'],
			['esc', 'back'],
		];
	return [
		['r', 'try again'],
		['p', 'give a password'],
		['esc', 'back'],
	];
}

/** Lets through once every server answers; asks for a password where a login is refused. */
export function Gate({ servers, reach = [], title, badge = null, children }: GateProps) {
	const app = useApp();
	const { signs, look } = useTheme();
	const [reports, setReports] = useState<readonly StatusReport[] | null>(null);
	const [refused, setRefused] = useState<{ readonly index: number; readonly failure: Failure } | null>(null);
	const [asking, setAsking] = useState(false);
	const [password, setPassword] = useState('');
	const [round, setRound] = useState(0);

	// biome-ignore lint/correctness/useExhaustiveDependencies: asked again on demand only.
	useEffect(() => {
		let mine = true;
		const look = async () => {
			const found: StatusReport[] = [];
			for (const [index, server] of servers.entries()) {
				try {
					found.push(await app.desk.status(server, reach[index]));
				} catch (error) {
					const failure = failureOf(error);
					if (!mine) return;
					setRefused({ index, failure });
					setAsking(isLogin(failure));
					return;
				}
			}
			if (mine) setReports(found);
		};
		void look();
		return () => {
			mine = false;
		};
	}, [round]);

	const serverAt = (index: number) => servers[index] ?? '';
	const called = (index: number) => displayName(serverAt(index), reach[index]);
	const again = () => {
		setRefused(null);
		setAsking(false);
		setRound(round + 1);
	};
	const isOpen = reports !== null;
	const unverified = refused?.failure.unverified;
	useKeys(
		(key) => {
			if (key === 'esc') {
				if (asking && refused !== null && !isLogin(refused.failure)) setAsking(false);
				else app.back();
			} else if (key === 'f1') app.help('form');
			else if (asking) {
				if (key === 'enter' && refused !== null) {
					app.desk.remember(serverAt(refused.index), password, reach[refused.index]);
					setPassword('');
					again();
				}
			} else if (refused !== null) {
				if (key === 'r') again();
				else if (key === 'p') setAsking(true);
				else if (key === '?') app.help('pick');
			}
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
				onDecline={app.back}
			/>
		);
	const height = bodyRows(app.size.rows);
	const width = app.size.columns - 2;
	return (
		<Frame title={title} badge={badge} hints={hintsOf(refused !== null, asking)}>
			{refused === null ? (
				<Text {...look('dim')}>{`Asking ${servers.map((_, index) => called(index)).join(' and ')} ${signs.more}`}</Text>
			) : (
				<>
					<Pane
						lines={failureLines(refused.failure, { width, ascii: signs.ok === '+', state: 'Untouched: nothing was changed.' })}
						width={width}
						height={height - (asking ? 3 : 0)}
						active={!asking}
					/>
					{asking && (
						<Box flexShrink={0} marginTop={1}>
							<Text bold>{`Password for ${called(refused.index)}: `}</Text>
							<Field
								value={password}
								onChange={setPassword}
								focused
								masked
								width={Math.max(10, width - widthOf(called(refused.index)) - 16)}
							/>
						</Box>
					)}
				</>
			)}
		</Frame>
	);
}
