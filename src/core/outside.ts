/**
 * Something that a server keeps outside its databases and that objects in them may need. No secrets: a server's password is not in it.
 * `options`: what makes it, besides its name.
 */
export type OutsideObject = {
	readonly kind: 'tablespace' | 'spatial reference system' | 'server' | 'function';
	readonly name: string;
	readonly options: { readonly [name: string]: string };
};
