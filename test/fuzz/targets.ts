/** Everything that is fuzzed, by the name that `make fuzz ONLY=…` takes. */

import { hostileServers } from './answers.ts'
import { httpRequests, httpStreams } from './http.ts'
import { insiderPictures } from './insider.ts'
import { pemTexts, stateFolders } from './keys.ts'
import { maildirs } from './maildir.ts'
import { pictureFiles } from './pictures.ts'
import type { Target } from './target.ts'
import { wire } from './wire.ts'

export const TARGETS: Readonly<Record<string, Target>> = {
  requests: httpRequests,
  streams: httpStreams,
  wire,
  answers: hostileServers,
  pictures: insiderPictures,
  files: pictureFiles,
  pem: pemTexts,
  state: stateFolders,
  maildir: maildirs,
}
