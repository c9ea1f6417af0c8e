import type { WizardBackend } from '../app/wizard-backend.ts';

/** The same, as practice may see it: throwaway servers only, whatever profiles and addresses are known here. */
export function practiceOnly(backend: WizardBackend): WizardBackend {
	const isThrowaway = ({ badge }: { readonly badge: string | null }) => badge === 'sandbox';
	return {
		...backend,
		servers: () => backend.servers().filter(isThrowaway),
		suggestServers: async (...asked) => (await backend.suggestServers(...asked)).filter(isThrowaway),
	};
}
