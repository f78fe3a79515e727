/** Everything in `state/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('state')
