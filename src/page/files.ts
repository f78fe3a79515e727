/** What the page loads, by its path: the list is fixed, and no path from outside names a file. */
export const PAGE_FILES = [
  '/page.css',
  '/icon.svg',
  // the script, and the modules that it is joined from
  '/page.js',
  '/compare.js',
  '/dom.js',
  '/en.js',
  '/es.js',
  '/groups.js',
  '/language.js',
  '/letters.js',
  '/news.js',
  '/picture.js',
  '/record.js',
  '/records.js',
  '/run.js',
  '/said.js',
  '/steps.js',
  '/stream.js',
  '/table.js',
] as const
