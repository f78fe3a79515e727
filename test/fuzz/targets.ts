/** Everything that is fuzzed. */

import { hostileMailServers, hostileServers } from './answers.ts'
import { httpRequests, httpStreams } from './http.ts'
import { insiderPictures, insiderTexts } from './insider.ts'
import { pemTexts, stateFolders } from './keys.ts'
import { maildirs } from './maildir.ts'
import { pictureFiles } from './pictures.ts'
import { sealedTexts } from './sealed.ts'
import type { Target } from './target.ts'
import { wire } from './wire.ts'

/** By the name that `make fuzz ONLY=…` takes. */
export const TARGETS: Readonly<Record<string, Target>> = {
  requests: httpRequests,
  streams: httpStreams,
  wire,
  answers: hostileServers,
  mail: hostileMailServers,
  texts: insiderTexts,
  pictures: insiderPictures,
  files: pictureFiles,
  pem: pemTexts,
  state: stateFolders,
  sealed: sealedTexts,
  maildir: maildirs,
}
