/** The words of the page, in the language that the server wrote it in. Only that one is loaded. */

export const { words } =
  document.documentElement.lang === 'es'
    ? { words: (await import('./es.js')).es }
    : { words: (await import('./en.js')).en }
