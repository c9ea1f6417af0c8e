// A stand-in in plain TypeScript.
export type RowEncoder = {
	push(chunk: Uint8Array): number | null;
	readonly rows: number;
	readonly rawBytes: number;
	readonly digest: bigint;
	readonly end: { readonly error: Buffer | null; readonly warnings: number } | null;
	finish(): void;
};

const M = (1n << 64n) - 1n;

export function createRowEncoder(options: {
	columns: number;
	hash: boolean;
	text: boolean;
	flush: (text: Uint8Array) => void;
}): RowEncoder {
	let rest = Buffer.alloc(0);
	let row: Buffer[] = [];
	let rows = 0;
	let rawBytes = 0;
	let digest = 0n;
	let end: RowEncoder['end'] = null;
	let out: Buffer[] = [];
	let outBytes = 0;
	const flush = () => {
		if (outBytes > 0) options.flush(Buffer.concat(out));
		out = [];
		outBytes = 0;
	};
	const line = (p: Buffer) => {
		let at = 0;
		const bytes: number[] = [];
		for (let c = 0; c < options.columns; c++) {
			if (c > 0) bytes.push(9);
			let n = p[at++] ?? 0;
			if (n === 0xfb) {
				bytes.push(0x5c, 0x4e);
				continue;
			}
			if (n === 0xfc) (n = p.readUInt16LE(at)), (at += 2);
			else if (n === 0xfd) (n = p.readUIntLE(at, 3)), (at += 3);
			else if (n === 0xfe) (n = Number(p.readBigUInt64LE(at))), (at += 8);
			for (const end = at + n; at < end; at++) {
				const b = p[at] as number;
				if (b === 0) bytes.push(0x5c, 0x30);
				else if (b === 10) bytes.push(0x5c, 0x6e);
				else if (b === 9) bytes.push(0x5c, 0x74);
				else if (b === 0x5c) bytes.push(0x5c, 0x5c);
				else bytes.push(b);
			}
		}
		bytes.push(10);
		out.push(Buffer.from(bytes));
		outBytes += bytes.length;
		rawBytes += bytes.length;
		if (outBytes > 1 << 20) flush();
	};
	return {
		push(chunk) {
			const before = rest.length;
			const all = Buffer.concat([rest, chunk]);
			let at = 0;
			while (at + 4 <= all.length) {
				const length = all.readUIntLE(at, 3);
				if (at + 4 + length > all.length) break;
				const p = all.subarray(at + 4, at + 4 + length);
				at += 4 + length;
				if (row.length === 0 && ((p[0] === 0xfe && length < 9) || p[0] === 0xff)) {
					end = p[0] === 0xff ? { error: Buffer.from(p), warnings: 0 } : { error: null, warnings: p.readUInt16LE(1) };
					return at - before;
				}
				row.push(p);
				if (length === 0xffffff) continue;
				const whole = Buffer.concat(row);
				row = [];
				rows++;
				let h = 0xcbf29ce484222325n;
				for (const b of whole) h = ((h ^ BigInt(b)) * 0x100000001b3n) & M;
				digest = (digest + h) & M;
				line(whole);
			}
			row = row.map((each) => Buffer.from(each));
			rest = Buffer.from(all.subarray(at));
			return null;
		},
		get rows() {
			return rows;
		},
		get rawBytes() {
			return rawBytes;
		},
		get digest() {
			return digest;
		},
		get end() {
			return end;
		},
		finish: flush,
	};
}
