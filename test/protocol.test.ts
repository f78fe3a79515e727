/** Everything in `protocol/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('protocol')
