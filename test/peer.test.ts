/** Everything in `peer/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('peer')
