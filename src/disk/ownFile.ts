/** The files of this package that are read at run time. */

/** `name`: the path from the package's folder. This file lies two folders deep in src/ and in dist/, joined with others or not. */
export const ownFile = (name: string): URL => new URL(`../../${name}`, import.meta.url)
