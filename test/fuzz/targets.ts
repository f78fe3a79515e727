/** Everything that is fuzzed. */

import { httpRequests, httpStreams } from './http.ts'
import { insiderPictures, insiderTexts } from './insider.ts'
import { pictureFiles } from './pictures.ts'
import type { Target } from './target.ts'
import { wire } from './wire.ts'

export const TARGETS: readonly Target[] = [
  httpRequests,
  httpStreams,
  wire,
  insiderTexts,
  insiderPictures,
  pictureFiles,
]
