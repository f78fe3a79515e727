/** Everything in `transcript/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('transcript')
