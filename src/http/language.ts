/** The languages of the page, and which one a browser gets. All else that the program says is in English. */

import { LANGUAGES, type Language } from '../wirelog/annotate.ts'
import type { Ctx } from './routes.ts'

/** The language that the address asks for (`?lang=es`), or null. */
export function chosenLanguage(ctx: Ctx): Language | null {
  return LANGUAGES.find((language) => language === ctx.query['lang']) ?? null
}

/** The address's, else what the browser likes best of ours (RFC 9110 section 12.5.4), else English. */
export function languageOf(ctx: Ctx): Language {
  const liked = chosenLanguage(ctx) ?? ctx.acceptsLanguages(...LANGUAGES)
  return LANGUAGES.find((language) => language === liked) ?? 'en'
}
