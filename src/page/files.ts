/** What the page loads, by its path: the list is fixed, and no path from outside names a file. */
export const PAGE_FILES = [
  '/page.css',
  '/icon.svg',
  '/start.js',
  '/page.js',
  '/parts.js',
  '/shared.js',
  '/en.js',
  '/es.js',
  '/present.css',
  '/present.js',
  '/present-en.js',
  '/present-es.js',
  '/toy.css',
  '/toy.js',
  '/toy-en.js',
  '/toy-es.js',
] as const
