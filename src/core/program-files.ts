/** A file of the project, by its path from the top. The sources and the build have this module equally deep. */
export const projectFile = (path: string): URL => new URL(`../../${path}`, import.meta.url);

/**
 * A program or a thread of ours, as it was built, by its path below `dist` without an ending; each is an entry of `bin/build.js`. From the
 * sources, too: a thread of 200 modules takes a second to start.
 */
export const ownProgram = (path: string): URL => projectFile(`dist/${path}.js`);
