import type { UnverifiedServer } from '../../core/errors.ts';
import { trustLines } from '../../render/trust.ts';
import type { ReachRequest } from '../../requests/connection.ts';
import { useApp } from '../app-context.ts';
import { useKeys } from '../keys.ts';
import { bodyRows, Frame } from './frame.tsx';
import { Pane } from './pane.tsx';

type TrustProps = {
	readonly server: string;
	/** How the request says to reach it. */
	readonly reach?: ReachRequest[string] | undefined;
	readonly unverified: UnverifiedServer;
	readonly title: string;
	/** The person agreed: the password may go there. */
	readonly onAccept: () => void;
	readonly onDecline: () => void;
};

/** Asks whether the password may go to a server that nothing proves to be the right one. Only `y` agrees. */
export function Trust({ server, reach, unverified, title, onAccept, onDecline }: TrustProps) {
	const app = useApp();
	const width = app.size.columns - 2;
	useKeys((key) => {
		if (key === 'y') {
			app.backend.trust(server, unverified, reach);
			onAccept();
		} else if (key === 'n' || key === 'esc') onDecline();
	});
	return (
		<Frame
			title={title}
			hints={[
				['y', 'send it'],
				['n', 'do not'],
				['esc', 'back'],
			]}
		>
			<Pane lines={trustLines(server, unverified, width)} width={width} height={bodyRows(app.size.rows)} active />
		</Frame>
	);
}
