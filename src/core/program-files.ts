/** A file of the project, by its path from the top. The sources and the build have this module equally deep. */
export const projectFile = (path: string): URL => new URL(`../../${path}`, import.meta.url);

const isSource = import.meta.url.endsWith('.ts');

/** A program or a thread of ours, by its path below `src` without an ending; each is an entry of the build (`bin/build.js`). */
export const ownProgram = (path: string): URL => projectFile(isSource ? `src/${path}.ts` : `dist/${path}.js`);
