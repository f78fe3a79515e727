/** The page in a real browser, one for all: the whole round by clicks and by curl, every state as axe-core sees it. */

import './browser/round.ts'
import './browser/watching.ts'
import './browser/arriving.ts'
import './browser/safetyNumber.ts'
import './browser/records.ts'
import './browser/steps.ts'
import './browser/languages.ts'
import './browser/presenting.ts'
import './browser/layout.ts'
import './browser/toy.ts'
import './browser/motion.ts'
import './browser/mallory.ts'
