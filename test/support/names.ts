import { parseAst } from 'rolldown/parseAst';

export type Name = { readonly line: number; readonly column: number; readonly name: string };

type Node = { readonly type: string; readonly start: number; readonly [field: string]: unknown };

const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === 'string';

const identifier = (node: unknown): readonly Node[] => (isNode(node) && node.type === 'Identifier' ? [node] : []);

/** What a pattern binds: `a`, `{ a, b: [c] }`, `a = 1`, `...a`. */
function bound(node: unknown): readonly Node[] {
	if (!isNode(node)) return [];
	if (node.type === 'Identifier') return [node];
	const parts = [node.left, node.argument, node.value, node.parameter, ...((node.properties ?? node.elements ?? []) as unknown[])];
	return /Pattern$|^Property$|^RestElement$|^TSParameterProperty$/.test(node.type) ? parts.flatMap(bound) : [];
}

/** What a node declares; the key of a member counts where it is written as a name. */
function declared(node: Node): readonly Node[] {
	const { type, id, params, key, computed, local } = node as { readonly [field: string]: unknown };
	if (/^Import(Default|Namespace)?Specifier$/.test(String(type))) return identifier(local);
	const names = [...(id === undefined ? [] : bound(id))];
	const parameters = isNode(params) ? params.items : params;
	if (Array.isArray(parameters) && !/^TSTypeParameter/.test(String(type))) names.push(...parameters.flatMap(bound));
	const isMember = /^(Property|PropertyDefinition|MethodDefinition|TSPropertySignature|TSMethodSignature|AccessorProperty)$/.test(
		String(type),
	);
	if (isMember && computed !== true) names.push(...identifier(key));
	return names;
}

/** Every name that a source declares: variables, parameters, functions, types, members, each as often as it is declared. */
export function namesIn(source: string, isTsx = false): Name[] {
	const found: Name[] = [];
	const visit = (value: unknown): void => {
		if (Array.isArray(value)) for (const each of value) visit(each);
		if (!isNode(value)) return;
		for (const each of declared(value)) {
			const before = source.slice(0, each.start).split('\n');
			found.push({ line: before.length, column: before.at(-1)?.length ?? 0, name: String(each.name) });
		}
		// The keys of a pattern are declared by the type of its value.
		const parts =
			value.type === 'ObjectPattern' ? (value.properties as Node[]).map((each) => each.value ?? each.argument) : Object.values(value);
		visit(parts);
	};
	visit(parseAst(source, { lang: isTsx ? 'tsx' : 'ts' }));
	return found;
}

/** `isTableGone` → is, table, gone. */
export const wordsOf = (name: string): readonly string[] =>
	(name.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? []).map((word) => word.toLowerCase());
